// The C library's arc4random() came with glibc 2.36. The C++ library in a portable program refers to it, for
// std::random_device, which nothing here uses. This function takes its place in the file that it is linked into.
#include <sys/random.h>

#include <cstdint>
#include <cstdlib>

extern "C" __attribute__((visibility("hidden"))) std::uint32_t arc4random() {
    std::uint32_t value = 0;
    if (::getrandom(&value, sizeof value, 0) != sizeof value) std::abort();
    return value;
}
