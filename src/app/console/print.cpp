#include "app/console/print.hpp"

#include <cstdio>

#include "core/printable.hpp"

namespace stemma {

void print(std::string_view text) {
    const auto shown = printable(text);
    std::fwrite(shown.data(), 1, shown.size(), stdout);
}

void print_error(std::string_view line) { std::fprintf(stderr, "%s\n", printable(line).c_str()); }

}  // namespace stemma
