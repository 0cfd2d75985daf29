#include "platform/whole_file.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>
#include <vector>

#include "core/error.hpp"

namespace stemma {

namespace fs = std::filesystem;

namespace {

UserError cannot_be_written(const fs::path& path, int why) {
    const auto reason = why == 0 ? std::string() : " (" + std::generic_category().message(why) + ")";
    return UserError(path.string() + ": cannot be written" + reason +
                     ". Choose a place that can be, and see whether the disk is full");
}

void write_to(const fs::path& path, const fs::path& named, const std::function<void(std::ostream&)>& write) {
    errno = 0;
    std::ofstream out(path, std::ios::binary);
    if (!out) throw cannot_be_written(named, errno);
    write(out);
    out.close();
    if (!out) throw cannot_be_written(named, errno);
}

}  // namespace

void write_whole_file(const fs::path& path, const std::function<void(std::ostream&)>& write) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (fs::exists(status) && !fs::is_regular_file(status)) return write_to(path, path, write);
    const auto real = fs::exists(status) ? fs::canonical(path) : path;
    const fs::path partial = real.string() + ".partial";
    try {
        write_to(partial, path, write);
        fs::rename(partial, real);
    } catch (const fs::filesystem_error& failed) {
        fs::remove(partial, error);
        throw cannot_be_written(path, failed.code().value());
    } catch (...) {
        fs::remove(partial, error);
        throw;
    }
}

void copy_whole_file(const fs::path& from, const fs::path& to) {
    std::ifstream in(from, std::ios::binary);
    if (!in) throw UserError(from.string() + ": cannot be read");
    write_whole_file(to, [&](std::ostream& out) {
        // Not `out << in.rdbuf()`, which does not report a disk that gets full half way.
        std::vector<char> block(std::size_t{1} << 20U);
        while (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0)
            out.write(block.data(), in.gcount());
        if (in.bad()) throw UserError(from.string() + ": cannot be read to its end");
    });
}

}  // namespace stemma
