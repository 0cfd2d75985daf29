#include "trainer/process/scratch.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/error.hpp"
#include "platform/descriptor.hpp"

namespace stemma {
namespace {

namespace fs = std::filesystem;

/// A file is one array. A folder has one array for each file in it ("process/sub/weights"), and an empty array for each
/// folder in it ("process/sub/") and for itself.
constexpr const char* array_name = "process";
constexpr std::string_view in_folder = "process/";
/// And one for what each process of a group keeps for itself: "process-rank/1".
constexpr std::string_view of_rank = "process-rank/";

[[noreturn]] void fail(const std::string& file) { throw std::system_error(errno, std::generic_category(), file); }

constexpr std::uint64_t little = std::uint64_t{1} << 20U;

std::vector<std::string> default_parents() {
    std::vector<std::string> parents;
    for (const auto& folder : {std::string("/dev/shm"), fs::temp_directory_path().string(), std::string("/tmp")}) {
        const bool known = std::ranges::find(parents, folder) != parents.end();
        if (!known && ::access(folder.c_str(), W_OK | X_OK) == 0) parents.push_back(folder);
    }
    return parents;
}

std::uint64_t room_in(const std::string& folder) {
    struct ::statvfs about {};
    return ::statvfs(folder.c_str(), &about) == 0 ? std::uint64_t{about.f_bavail} * about.f_frsize : 0;
}

/// Makes a new folder that no other user can enter. Returns "", with errno, on failure.
std::string folder_in(const std::string& parent) {
    auto folder = parent + "/stemma-XXXXXX";
    return ::mkdtemp(folder.data()) == nullptr ? std::string() : folder;
}

/// Writes over an existing file: pages of shared memory that the file already has need no zeroing again.
void overwrite(const std::string& file, std::span<const std::byte> content) {
    const Descriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!out) fail(file);
    const auto* data = reinterpret_cast<const char*>(content.data());
    for (std::size_t done = 0; done < content.size();) {
        const auto wrote = ::write(out.number(), data + done, content.size() - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) fail(file);
        done += static_cast<std::size_t>(wrote);
    }
    if (::ftruncate(out.number(), static_cast<off_t>(content.size())) != 0) fail(file);
}

/// Read, not mapped: a program that shortens its file meanwhile must not cause a SIGBUS in this process.
class Opened {
public:
    explicit Opened(const fs::path& file) : file_(file), in_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
        struct stat about {};
        if (!in_ || ::fstat(in_.number(), &about) != 0) fail(file_);
        bytes_ = static_cast<std::size_t>(about.st_size);
    }
    std::size_t bytes() const { return bytes_; }
    void read(std::span<std::byte> content) const {
        for (std::size_t done = 0; done < content.size();) {
            const auto got = ::read(in_.number(), content.data() + done, content.size() - done);
            if (got < 0 && errno == EINTR) continue;
            if (got == 0) errno = EIO;  // shorter than a moment ago
            if (got <= 0) fail(file_);
            done += static_cast<std::size_t>(got);
        }
    }

private:
    std::string file_;
    Descriptor in_;
    std::size_t bytes_ = 0;
};

std::size_t bytes_of(const fs::path& file) {
    struct stat about {};
    if (::stat(file.c_str(), &about) != 0) fail(file);
    return static_cast<std::size_t>(about.st_size);
}

/// The arrays of the file or folder that a program saved, in order, each with its file: "" for a folder. Links are
/// followed.
std::vector<std::pair<std::string, fs::path>> parts_of(const fs::path& save) {
    if (!fs::is_directory(save)) return {{array_name, save}};
    std::map<std::string, fs::path> below;
    for (const auto& entry : fs::recursive_directory_iterator(save, fs::directory_options::follow_directory_symlink)) {
        const auto name = entry.path().lexically_relative(save).generic_string();
        if (entry.is_directory()) {
            below.emplace(name + "/", fs::path());
        } else if (entry.is_regular_file()) {
            below.emplace(name, entry.path());
        } else {
            errno = EINVAL;
            fail(entry.path().string() + " (neither a file nor a folder)");
        }
    }
    std::vector<std::pair<std::string, fs::path>> parts{{std::string(in_folder), {}}};  // also of an empty folder
    for (auto& [name, path] : below) parts.emplace_back(std::string(in_folder) + name, std::move(path));
    return parts;
}

}  // namespace

Scratch::Scratch(const std::string& parent)
    : parents_(parent.empty() ? default_parents() : std::vector<std::string>{parent}) {
    for (at_ = 0; at_ < parents_.size(); ++at_) {
        folder_ = folder_in(parents_[at_]);
        if (!folder_.empty()) return;
    }
    throw UserError("trainer.scratch: no folder can be made in " + (parents_.empty() ? "/tmp" : parents_.back()) +
                    ": " + std::strerror(errno) + "; name another one");
}

std::uint64_t Scratch::room() const { return room_in(folder_); }

bool Scratch::move(std::uint64_t bytes) {
    for (auto next = at_ + 1; next < parents_.size(); ++next) {
        if (room_in(parents_[next]) < 2 * std::max(little, bytes)) continue;
        auto folder = folder_in(parents_[next]);
        if (folder.empty()) continue;
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
        folder_ = std::move(folder);
        at_ = next;
        return true;
    }
    return false;
}

std::string Scratch::places_text() const {
    std::string text;
    for (const auto& parent : parents_) {
        text += (text.empty() ? "" : ", ") + parent + " (" + std::to_string(room_in(parent) >> 20U) + " MiB free)";
    }
    return text;
}

Scratch::~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

bool is_of_program(const Snapshot& snapshot) {
    return std::ranges::any_of(snapshot.arrays(), [](const auto& array) {
        return array.type == DType::u8 && (array.name == array_name || array.name.starts_with(in_folder));
    });
}

bool put_snapshot(const Snapshot& snapshot, const fs::path& start) {
    if (const auto* array = snapshot.find(array_name)) {
        if (array->type != DType::u8) return false;
        if (fs::is_directory(start)) fs::remove_all(start);
        overwrite(start, snapshot.content(*array));
        return true;
    }
    // A folder: no file of an earlier snapshot may stay there.
    fs::remove_all(start);
    bool any = false;
    for (const auto& array : snapshot.arrays()) {
        if (array.name.starts_with(of_rank)) continue;
        if (array.type != DType::u8 || !array.name.starts_with(in_folder)) return false;
        const auto name = array.name.substr(in_folder.size());
        const fs::path relative(name);
        if (relative.is_absolute() || std::ranges::find(relative, "..") != relative.end()) return false;
        const auto place = start / relative;
        fs::create_directories(name.empty() || name.ends_with('/') ? place : place.parent_path());
        if (!name.empty() && !name.ends_with('/')) overwrite(place, snapshot.content(array));
        any = true;
    }
    return any;
}

std::string Scratch::own_start_file(std::size_t rank) const { return start_file() + "-" + std::to_string(rank); }
std::string Scratch::own_save_file(std::size_t rank) const { return save_file() + "-" + std::to_string(rank); }

std::string Scratch::own_start(std::size_t rank) const {
    auto file = own_start_file(rank);
    return fs::exists(file) ? file : std::string();
}

bool Scratch::put_start(const Snapshot& snapshot, std::size_t slot) const {
    for (const auto& entry : fs::directory_iterator(folder_)) {
        if (entry.path().filename().string().starts_with("start-")) fs::remove(entry.path());
    }
    for (const auto& array : snapshot.arrays()) {
        if (!array.name.starts_with(of_rank) || array.type != DType::u8) continue;
        std::size_t rank = 0;
        const auto digits = std::string_view(array.name).substr(of_rank.size());
        const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), rank).ptr;
        if (end != digits.data() + digits.size()) return false;
        overwrite(own_start_file(rank), snapshot.content(array));
    }
    return put_snapshot(snapshot, start_file(slot));
}

Snapshot Scratch::take_saved(std::span<const std::size_t> ranks, std::size_t slot) const {
    auto files = parts_of(save_file(slot));
    for (const auto rank : ranks) files.emplace_back(std::string(of_rank) + std::to_string(rank), own_save_file(rank));
    std::size_t bytes = 0;
    for (const auto& [name, path] : files) bytes += path.empty() ? 0 : bytes_of(path) + 64;
    Snapshot snapshot;
    snapshot.reserve(bytes);
    for (const auto& [name, path] : files) {
        if (path.empty()) {
            snapshot.add(name, DType::u8, {0});
            continue;
        }
        const Opened file(path);
        file.read(snapshot.add(name, DType::u8, {static_cast<std::int64_t>(file.bytes())}));
    }
    return snapshot;
}

}  // namespace stemma
