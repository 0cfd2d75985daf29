#include "platform/real_path.hpp"

#include <system_error>

#include "core/error.hpp"

namespace stemma {

namespace fs = std::filesystem;

fs::path real_path(const fs::path& path) {
    constexpr int links_max = 40;  // as the kernel's
    auto real = path;
    std::error_code error;
    for (int links = 0; fs::is_symlink(fs::symlink_status(real, error)); ++links) {
        if (links == links_max) throw UserError(path.string() + ": is a link that leads nowhere: links in a circle");
        const auto target = fs::read_symlink(real, error);
        if (error) throw UserError(path.string() + ": is a link that cannot be read (" + error.message() + ")");
        real = real.parent_path() / target;  // an absolute target replaces all
    }
    if (real == path) return path;
    const auto folder = fs::canonical(real.parent_path().empty() ? "." : real.parent_path(), error);
    return error ? real : folder / real.filename();
}

}  // namespace stemma
