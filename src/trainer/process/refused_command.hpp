#pragma once
#include <string>
#include <string_view>

namespace stemma {

/// The line of a program's output that says why no configuration can be trained: an option is unknown or missing, or
/// the script or a module of it is not there. "" if no line says so. A value that the program refuses is not meant:
/// another configuration has another value. Knows the texts of argparse, click, absl, getopt and Hydra, and the
/// interpreter's own; O(length of `output`).
std::string refusal_of_command(std::string_view output);

}  // namespace stemma
