#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace stemma::record {

/// The batch job of a process, and which start of the job it belongs to.
struct BatchStart {
    std::string job = {};  ///< "" = none
    int restarts = 0;      ///< how often the batch system had queued the job again before this start
};

/// Keeps two programs from writing one run file. The lock is the file `<file>.lock`, made if it does not exist. It
/// holds host, pid, the process's start, the batch job and its start, and the PID namespace. An flock on it cannot be
/// taken by another process of this host while this one lives, even in another PID namespace. HDF5's own file locks are
/// off. They fail on file systems without locks, and a killed writer leaves no information in them.
///
/// An flock ends with its process, however that ends. Children do not keep it. Children that run another program close
/// it (O_CLOEXEC), others at their fork.
class LockFile {
public:
    /// Takes over the lock of a process of this host that no longer runs. Takes over the lock of an earlier start of
    /// the same batch job on another host. Otherwise throws UserError naming the holder and the remedy. Also throws if
    /// `path` is a link.
    LockFile(std::filesystem::path path, BatchStart start);
    ~LockFile();
    LockFile(const LockFile&) = delete;
    LockFile& operator=(const LockFile&) = delete;

    /// Looks whether the lock still stands, and makes it again if it was removed: its process lives. Throws UserError
    /// naming the holder if another process has it now. Nothing may be written under the run file's name then. Does
    /// nothing where the file system gives no answer. One call at a time, on any thread. Reads one small file.
    void renew();

    /// The former owner of a lock that was taken over; "" if there was none.
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

}  // namespace stemma::record
