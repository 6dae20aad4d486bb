#include "feed/systems_csv.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <limits>
#include <utility>

#include "feed/csv_fields.h"
#include "feed/csv_framer.h"
#include "feed/format.h"
#include "feed/refusal.h"

namespace bikeflow {
namespace {

enum Column : std::uint8_t {
  kCountry,
  kName,
  kLocation,
  kId,
  kDiscoveryUrl,
  kVersions,
  kKeyInfoUrl,
  kKeyType,
  kKeyNames,
};
constexpr std::array<std::string_view, 9> kColumnNames = {"Country Code",
                                                          "Name",
                                                          "Location",
                                                          "System ID",
                                                          "Auto-Discovery URL",
                                                          "Supported Versions",
                                                          "Authentication Info URL",
                                                          "Authentication Type",
                                                          "Authentication Parameter Name"};
constexpr std::size_t kAbsent = std::numeric_limits<std::size_t>::max();

using Fields = std::vector<std::string>;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

// "1.1 ; 2.3" by ';'. What is empty is left out.
std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (const std::string_view part = trimmed(text.substr(0, end)); !part.empty()) {
      parts.emplace_back(part);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Result<Fields> fields_of(std::string_view record, std::size_t row) {
  Fields fields;
  CsvCursor cursor(record, ',');
  CsvField field;
  while (cursor.next(field)) {
    std::string text;
    if (field.has_doubled_quotes) {
      append_unquoted(field.text, text);
    } else {
      text = field.text;
    }
    fields.emplace_back(trimmed(text));
  }
  if (cursor.expected() == nullptr) return fields;
  return fail("systems.csv, row {}: byte {}: expected {}", row, cursor.fault_at(),
              cursor.expected());
}

class CatalogReader {
 public:
  Result<void> read_header(const Fields& header) {
    for (std::size_t i = 0; i < kColumnNames.size(); ++i) {
      const auto found = std::ranges::find(header, kColumnNames[i]);
      columns_[i] =
          found == header.end() ? kAbsent : static_cast<std::size_t>(found - header.begin());
    }
    for (const Column needed : {kCountry, kName, kId, kDiscoveryUrl}) {
      if (columns_[needed] == kAbsent) {
        return fail("systems.csv, row 1: no column '{}'; is this the catalogue of GBFS systems?",
                    kColumnNames[needed]);
      }
    }
    width_ = header.size();
    return {};
  }

  Result<CatalogSystem> read_system(const Fields& fields, std::size_t row) const {
    if (fields.size() != width_) {
      return fail("systems.csv, row {}: {} fields, expected {} as in its header", row,
                  fields.size(), width_);
    }
    const std::string type = text(fields, kKeyType);
    if (!type.empty() && type != "0" && type != "1" && type != "2") {
      return fail("systems.csv, row {}: {}: found \"{}\", expected 0, 1 or 2", row,
                  kColumnNames[kKeyType], shown(type));
    }
    CatalogSystem system{.id = text(fields, kId),
                         .name = text(fields, kName),
                         .location = text(fields, kLocation),
                         .country = upper(text(fields, kCountry)),
                         .discovery_url = text(fields, kDiscoveryUrl),
                         .versions = split(text(fields, kVersions), ';'),
                         .key = CatalogSystem::Key::kNone,
                         .key_names = split(text(fields, kKeyNames), '|'),
                         .key_info_url = text(fields, kKeyInfoUrl)};
    if (type == "1") system.key = CatalogSystem::Key::kParameter;
    if (type == "2") system.key = CatalogSystem::Key::kHeader;
    return system;
  }

 private:
  [[nodiscard]] std::string text(const Fields& fields, Column column) const {
    return columns_[column] == kAbsent ? "" : fields[columns_[column]];
  }

  std::array<std::size_t, kColumnNames.size()> columns_{};
  std::size_t width_ = 0;
};

bool has(std::span<const std::string> all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

Result<std::vector<CatalogSystem>> read_all(std::string_view csv) {
  csv.remove_prefix(byte_order_mark_size(csv));
  CsvFramer framer(',');
  CatalogReader reader;
  std::vector<CatalogSystem> systems;
  std::size_t row = 0;  // the header is the first
  while (const auto frame = framer.next(csv, true)) {
    ++row;
    if (frame->is_too_large) return fail("systems.csv, row {}: too long", row);
    if (frame->record.empty()) continue;
    const auto fields = fields_of(frame->record, row);
    if (!fields) return std::unexpected(fields.error());
    if (row == 1) {
      if (auto header = reader.read_header(*fields); !header) {
        return std::unexpected(header.error());
      }
      continue;
    }
    auto system = reader.read_system(*fields, row);
    if (!system) return std::unexpected(system.error());
    systems.push_back(std::move(*system));
  }
  if (systems.empty()) return fail("systems.csv: holds no system");
  return systems;
}

}  // namespace

Result<std::vector<CatalogSystem>> read_catalog(std::string_view csv, const CatalogFilter& filter) {
  auto systems = read_all(csv);
  if (!systems) return systems;
  std::vector<std::string> countries;
  for (const std::string& country : filter.countries) countries.push_back(upper(country));
  for (const std::string& id : filter.ids) {
    if (std::ranges::find(*systems, id, &CatalogSystem::id) == systems->end()) {
      return fail("systems.csv has no system '{}'; its column 'System ID' says which there are",
                  shown(id));
    }
  }
  for (const std::string& country : countries) {
    if (std::ranges::find(*systems, country, &CatalogSystem::country) == systems->end()) {
      return fail("systems.csv has no system in '{}'; a country is two letters, such as NO",
                  shown(country));
    }
  }
  std::erase_if(*systems, [&](const CatalogSystem& system) {
    return (!countries.empty() && !has(countries, system.country)) ||
           (!filter.ids.empty() && !has(filter.ids, system.id));
  });
  return systems;
}

}  // namespace bikeflow
