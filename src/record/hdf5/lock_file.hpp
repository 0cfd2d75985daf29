#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace stemma {

/// Which start of which batch job a process belongs to.
struct BatchStart {
    std::string job = {};  ///< "" = none
    int restarts = 0;      ///< times that the batch system has queued the job again before this start
};

/// Keeps two programs from writing one run file: `<file>.lock`, made if it is not there, holding host, pid, the
/// process's start, the batch job and its start, and the PID namespace; and an flock on it, which no other process of
/// this host can take while this one lives, whatever its number looks like from there. HDF5's own file locks are off:
/// they fail on file systems without locks, and a killed writer says nothing with them.
///
/// An flock ends with its process, however that ends. Children do not keep it: those that run another program close it
/// (O_CLOEXEC), others at their fork.
class LockFile {
public:
    /// Takes over the lock of a process of this host that no longer runs, and one of an earlier start of the same batch
    /// job on another host. Throws UserError naming the holder and the remedy otherwise, and where `path` is a link.
    LockFile(std::filesystem::path path, BatchStart start);
    ~LockFile();
    LockFile(const LockFile&) = delete;
    LockFile& operator=(const LockFile&) = delete;

    /// Whose lock was taken over; "" if there was none.
    const std::string& notice() const { return notice_; }

private:
    std::filesystem::path path_;
    ::pid_t owner_;
    int file_ = -1;
    std::string content_;
    std::string notice_;
};

/// Whether a program writes to the run file, by its lock at `path`. Another host's processes cannot be asked.
enum class Writer : std::uint8_t { none, here, elsewhere };
Writer writer_of(const std::filesystem::path& path);

}  // namespace stemma
