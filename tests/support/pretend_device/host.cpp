// What else a host with such devices has.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

/// The folder of drivers, without which no tool is asked for devices (src/platform/gpu_tools.cpp).
extern "C" int access(const char* path, int mode) noexcept {
    return std::string_view(path) == "/dev/dri" ? 0 : faccessat(AT_FDCWD, path, mode, 0);
}

namespace {

/// Programs that the preloaded one starts need no device.
[[gnu::constructor]] void end_preloading() { unsetenv("LD_PRELOAD"); }

}  // namespace
