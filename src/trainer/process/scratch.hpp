#pragma once
// Snapshots as files or folders in node-local scratch (POSIX shared memory by default).

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "trainer/snapshot.hpp"

namespace stemma {

/// A folder of this process's own, removed with the object.
class Scratch {
public:
    /// In `parent`; "" = the first that can be written of /dev/shm, the system's folder for temporary files, and /tmp.
    /// Throws UserError if a folder cannot be made there.
    explicit Scratch(const std::string& parent);
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    const std::string& folder() const { return folder_; }
    /// Bytes that can still be written where it is.
    std::uint64_t room() const;
    /// Goes, empty, to the next of the places above that has room for two files of `bytes`. False where there is none,
    /// or `parent` was given: it stays.
    bool move(std::uint64_t bytes);
    /// What it tried and how much room each has, for people.
    std::string places_text() const;

    /// Where the snapshot that a lease starts from is put, and where the program leaves the next.
    std::string start_file() const { return folder_ + "/start"; }
    std::string save_file() const { return folder_ + "/save"; }

    /// The file or folder that a program left as its snapshot. False if `snapshot` is of another trainer.
    bool put_start(const Snapshot& snapshot) const;
    /// What the program left, a file or a folder. Throws std::system_error (no file, no memory).
    Snapshot take_saved() const;

private:
    std::vector<std::string> parents_;  ///< where it may be
    std::size_t at_ = 0;                ///< of parents_, where it is
    std::string folder_;
};

}  // namespace stemma
