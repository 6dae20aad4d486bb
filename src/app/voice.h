// What a run says goes to the command's log.
#pragma once

#include <string>

#include "app/shell.h"
#include "io/run_voice.h"

namespace bikeflow {

// `shell` outlives it.
inline RunVoice voice_of(Shell& shell) {
  return {.info = [&shell](const std::string& text) { shell.log.info(text); },
          .warning = [&shell](const std::string& text) { shell.log.warning(text); },
          .error = [&shell](const std::string& text) { shell.log.error(text); }};
}

}  // namespace bikeflow
