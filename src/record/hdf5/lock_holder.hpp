#pragma once
// The holder of a lock, as written in the lock's file, and whether that process is gone.

#include <cstdint>
#include <optional>
#include <string>

#include "record/hdf5/lock_file.hpp"

namespace stemma::record {

/// Whether the kernel protects the lock's file.
enum class Flock : std::uint8_t {
    ours,
    others,
    unknown,  ///< the file system has no flock
};

struct LockHolder {
    std::string host;
    long pid = 0;
    std::string start;  ///< of the process, clock ticks since boot: process ids are reused
    std::string job = {};
    int restarts = 0;                ///< of the job
    std::string pid_namespace = {};  ///< "" in older files
};

LockHolder lock_holder_of_this_process(BatchStart start);

/// One line, fields separated by blanks, and back. nullopt: not such a line.
std::string text_of(const LockHolder& holder);
std::optional<LockHolder> parse_lock_holder(const std::string& text);

/// Why `self` may take over from `holder`; "": it may not. Reads /proc if the holder is of this host.
std::string why_gone(const LockHolder& holder, const LockHolder& self, Flock flock);

}  // namespace stemma::record
