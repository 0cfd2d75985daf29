#include "trainer/process/scratch.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/error.hpp"
#include "trainer/process/descriptor.hpp"

namespace stemma {
namespace {

constexpr const char* array_name = "process";

[[noreturn]] void fail(const std::string& file) { throw std::system_error(errno, std::generic_category(), file); }

std::string parent_of_scratch() {
    if (::access("/dev/shm", W_OK | X_OK) == 0) return "/dev/shm";
    return std::filesystem::temp_directory_path().string();
}

/// Over what is there: pages of shared memory that are already the file's need no zeroing again.
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

}  // namespace

Scratch::Scratch(const std::string& parent) {
    folder_ = (parent.empty() ? parent_of_scratch() : parent) + "/stemma-XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) {
        throw UserError("trainer.scratch: no folder can be made in " + folder_.substr(0, folder_.rfind('/')) + ": " +
                        std::strerror(errno) + "; name another one");
    }
}

Scratch::~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

bool Scratch::put_start(const Snapshot& snapshot) const {
    const auto* array = snapshot.find(array_name);
    if (array == nullptr || array->type != DType::u8) return false;
    overwrite(start_file(), snapshot.content(*array));
    return true;
}

Snapshot Scratch::take_saved() const {
    const auto file = save_file();
    const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat about {};
    if (!in || ::fstat(in.number(), &about) != 0) fail(file);
    // Read, not mapped: a program that still shortens its file must not bring this process a SIGBUS.
    Snapshot snapshot;
    snapshot.reserve(static_cast<std::size_t>(about.st_size));
    const auto content = snapshot.add(array_name, DType::u8, {about.st_size});
    for (std::size_t done = 0; done < content.size();) {
        const auto got = ::read(in.number(), content.data() + done, content.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = EIO;  // shorter than a moment ago
        if (got <= 0) fail(file);
        done += static_cast<std::size_t>(got);
    }
    return snapshot;
}

}  // namespace stemma
