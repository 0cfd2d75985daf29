#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace stemma {

/// Keeps two programs from writing one run file: `<file>.lock`, made if it is not there, holding host, pid, the
/// process's start and the batch job. HDF5's own file locks are off: they fail on file systems without locks, and a
/// killed writer says nothing with them.
class LockFile {
public:
    /// Takes over the lock of a process that no longer runs: on this host, or of the same batch job (`job`, "" = none),
    /// which was requeued. Throws UserError naming the holder and the remedy otherwise.
    LockFile(std::filesystem::path path, std::string job);
    ~LockFile();
    LockFile(const LockFile&) = delete;
    LockFile& operator=(const LockFile&) = delete;

    /// Whose lock was taken over; "" if there was none.
    const std::string& notice() const { return notice_; }

private:
    std::filesystem::path path_;
    std::string content_;
    std::string notice_;
};

/// Whether a program writes to the run file, by its lock at `path`. Another host's processes cannot be asked.
enum class Writer : std::uint8_t { none, here, elsewhere };
Writer writer_of(const std::filesystem::path& path);

}  // namespace stemma
