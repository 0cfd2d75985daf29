#include "record/hdf5/until_fork.hpp"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>

namespace stemma::record {

namespace {

constexpr int none = -1;

// Plain numbers: nothing but async-signal-safe calls may be made in the child of a process with threads.
struct Descriptors {
    Descriptors() {
        for (auto& number : numbers) number = none;
        ::pthread_atfork(nullptr, nullptr, [] {
            for (auto& number : closed_at_fork().numbers) {
                if (const int descriptor = number.exchange(none); descriptor != none) ::close(descriptor);
            }
        });
    }
    static Descriptors& closed_at_fork() {
        static Descriptors descriptors;
        return descriptors;
    }
    std::array<std::atomic<int>, 16> numbers;
};

void exchange(int from, int to) {
    for (auto& number : Descriptors::closed_at_fork().numbers) {
        int expected = from;
        if (number.compare_exchange_strong(expected, to)) return;
    }
}

}  // namespace

void close_at_fork(int descriptor) { exchange(none, descriptor); }

void keep_at_fork(int descriptor) { exchange(descriptor, none); }

}  // namespace stemma::record
