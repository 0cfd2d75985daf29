#include "trainer/process/refused_command.hpp"

#include <array>

namespace stemma {

namespace {

// The first that is found counts. Python's argparse, click, absl's flags, getopt of C, Hydra; then Python and sh
// themselves.
constexpr std::array<std::string_view, 12> refusals{"error: unrecognized arguments:",
                                                    "error: the following arguments are required:",
                                                    "error: ambiguous option:",
                                                    "No such option",
                                                    "Missing option",
                                                    "Got unexpected extra argument",
                                                    "Unknown command line flag",
                                                    "unrecognized option",
                                                    "is not in struct",
                                                    "can't open file",
                                                    "ModuleNotFoundError: No module named",
                                                    "ImportError: cannot import name"};

}  // namespace

std::string refusal_of_command(std::string_view output) {
    for (const auto refusal : refusals) {
        const auto at = output.find(refusal);
        if (at == std::string_view::npos) continue;
        const auto before = output.rfind('\n', at);
        const auto first = before == std::string_view::npos ? 0 : before + 1;
        return std::string(output.substr(first, output.find('\n', at) - first));
    }
    return "";
}

}  // namespace stemma
