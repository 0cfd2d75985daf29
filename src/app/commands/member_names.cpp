#include "app/commands/member_names.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/error.hpp"
#include "core/printable.hpp"

namespace stemma {

MemberId best_of(const Genealogy& genealogy, const std::filesystem::path& file) {
    const auto best = genealogy.best();
    if (best.exists()) return best;
    throw UserError(file.string() +
                    ": no member has a finite metric yet, so none is the best; name a member by its number");
}

MemberId member_called(const Genealogy& genealogy, const std::filesystem::path& file, const std::string& name) {
    if (name == "best") return best_of(genealogy, file);
    std::uint64_t number = 0;
    const auto* end = name.data() + name.size();
    const auto read = std::from_chars(name.data(), end, number);
    const auto count = genealogy.size();
    if (read.ec == std::errc() && read.ptr == end && number < count) return {number};
    throw UserError(fmt::format(
        "{}: has no member {}; {}", file.string(), printable_line(name),
        count == 0 ? "none was born yet" : fmt::format("its members are 0 .. {}, and \"best\"", count - 1)));
}

}  // namespace stemma
