#pragma once
#include <optional>
#include <string>

namespace stemma {

/// Opens /dev/null on descriptors 0, 1 and 2 if they are closed. Otherwise the next files and sockets of the process
/// would get these numbers, and be used as standard input, output and error. Call this first of all.
void open_standard_descriptors();

/// Flushes standard output. Returns the reason if some output was lost. Returns nothing if all was written, or if the
/// reader has gone (`| head`).
std::optional<std::string> finish_standard_output();

}  // namespace stemma
