#pragma once
// Snapshots as files or folders in node-local scratch (POSIX shared memory by default).

#include <cstdint>
#include <filesystem>
#include <string>

#include "trainer/snapshot.hpp"

namespace stemma {

/// A folder of this process's own, removed with the object.
class Scratch {
public:
    /// In `parent`; "" = /dev/shm if it can be written, else the system's folder for temporary files. Throws UserError
    /// if a folder cannot be made there.
    explicit Scratch(const std::string& parent);
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    const std::string& folder() const { return folder_; }
    /// Where the snapshot that a lease starts from is put, and where the program leaves the next.
    std::string start_file() const { return folder_ + "/start"; }
    std::string save_file() const { return folder_ + "/save"; }

    /// The file or folder that a program left as its snapshot. False if `snapshot` is of another trainer.
    bool put_start(const Snapshot& snapshot) const;
    /// What the program left, a file or a folder. Throws std::system_error (no file, no memory).
    Snapshot take_saved() const;

private:
    std::string folder_;
};

}  // namespace stemma
