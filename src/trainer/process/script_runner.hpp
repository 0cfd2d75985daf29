#pragma once
// Starts a program that does not know Stemma, once for each training. Speaks the process protocol in its place.

#include <string>
#include <vector>

namespace stemma {

/// The subcommand of this program that calls run_scripts(); not for users.
inline constexpr const char* script_runner_command = "run-script";

/// The words that start this executable as the runner of the words after them. Throws std::system_error without /proc.
std::vector<std::string> script_runner();

/// Serves the worker at the protocol's descriptors until it says quit. For each training, fills the placeholders of
/// `words` (command_template.hpp), starts the command and waits for its end. What it prints goes on to this process's
/// output. Its metrics are those that it printed last (printed_metrics.hpp), or wrote to the file {metrics}. A program
/// that ends with another exit code than 0, or without metrics, has failed. A stop is not passed on: the program trains
/// to its end. Returns the exit code of the process: 2, after a line of text, if the first word is no program.
int run_scripts(const std::vector<std::string>& words);

}  // namespace stemma
