// The C library's arc4random() came with glibc 2.36, and the C++ library that is linked into a portable program refers
// to it (std::random_device, which nothing here uses). This one takes its place, for the file that it is linked into
// alone.
#include <sys/random.h>

#include <cstdint>
#include <cstdlib>

extern "C" __attribute__((visibility("hidden"))) std::uint32_t arc4random() {
    std::uint32_t value = 0;
    if (::getrandom(&value, sizeof value, 0) != sizeof value) std::abort();
    return value;
}
