#include "transport/shared_wakeup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <new>
#include <string>

namespace stemma {
namespace {

/// The content of the memory file.
struct Shared {
    std::uint64_t token = 0;  ///< shows that it is the file that was meant, and not another one of that number
    WakeupWord word;
};

std::uint64_t this_host() {
    std::string boot;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
    return boot.empty() ? 0 : std::hash<std::string>()(boot);
}

/// Null if the file cannot be mapped.
std::shared_ptr<Shared> map(int descriptor) {
    void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) return nullptr;
    return {static_cast<Shared*>(memory), [](Shared* shared) { ::munmap(shared, sizeof(Shared)); }};
}

}  // namespace

SharedWakeup::SharedWakeup() : word_(std::make_shared<WakeupWord>()) {
    const int descriptor = ::memfd_create("stemma-wakeup", MFD_CLOEXEC);
    if (descriptor < 0) return;
    const auto shared = ::ftruncate(descriptor, sizeof(Shared)) == 0 ? map(descriptor) : nullptr;
    if (!shared) {
        ::close(descriptor);
        return;
    }
    std::uint64_t token = 0;
    if (::getrandom(&token, sizeof token, 0) != sizeof token) token = 0;
    new (shared.get()) Shared{token, {}};
    word_ = {shared, &shared->word};
    address_ = {this_host(), shared->token, static_cast<std::int32_t>(::getpid()), descriptor};
}

SharedWakeup::~SharedWakeup() {
    if (address_.descriptor >= 0) ::close(address_.descriptor);
}

std::shared_ptr<WakeupWord> open_wakeup(const WakeupAddress& address) {
    if (address.host == 0 || address.host != this_host()) return nullptr;
    const auto path = fmt::format("/proc/{}/fd/{}", address.process, address.descriptor);
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) return nullptr;
    // A file that is shorter than expected would end this process at the first access.
    const bool whole = ::lseek(descriptor, 0, SEEK_END) == static_cast<off_t>(sizeof(Shared));
    const auto shared = whole ? map(descriptor) : nullptr;
    ::close(descriptor);
    if (!shared || shared->token != address.token) return nullptr;
    return {shared, &shared->word};
}

}  // namespace stemma
