#pragma once
// Snapshots as files or folders in node-local scratch (POSIX shared memory by default).

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "trainer/snapshot.hpp"

namespace stemma {

/// True for a snapshot that a program left as a file or folder; false for one of another trainer.
bool is_of_program(const Snapshot& snapshot);
/// Writes such a snapshot to `place`, as the file or folder that it was, without the files of single ranks. An earlier
/// file or folder there is replaced.
/// Throws std::system_error. False, with nothing written or a part, for a snapshot of another trainer.
bool put_snapshot(const Snapshot& snapshot, const std::filesystem::path& place);

/// A folder of this process's own, removed by the destructor.
class Scratch {
public:
    /// In `parent`. "" = the first writable folder of /dev/shm, the system's folder for temporary files, and /tmp.
    /// Throws UserError if a folder cannot be made there.
    explicit Scratch(const std::string& parent);
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    const std::string& folder() const { return folder_; }
    /// Bytes that can still be written in the folder's file system.
    std::uint64_t room() const;
    /// Moves, empty, to the next of these folders with room for two files of `bytes`. False, without a move, if there
    /// is none or if `parent` was given.
    bool move(std::uint64_t bytes);
    /// The folders tried and the room in each, as text for the user.
    std::string places_text() const;

    /// Where the start snapshot of a lease is put, and where the program leaves the next snapshot. Leases that a
    /// program trains at the same time have different slots.
    std::string start_file(std::size_t slot = 0) const { return folder_ + "/" + prefix(slot) + "start"; }
    std::string save_file(std::size_t slot = 0) const { return folder_ + "/" + prefix(slot) + "save"; }
    /// The same for what process `rank` >= 1 of a group keeps for itself: one file.
    std::string own_start_file(std::size_t rank) const;
    std::string own_save_file(std::size_t rank) const;
    /// The file of that rank in the last start snapshot; "" where it had none.
    std::string own_start(std::size_t rank) const;

    /// Writes the start snapshot, a file or a folder, and the files of single ranks. False if `snapshot` is of another
    /// trainer.
    bool put_start(const Snapshot& snapshot, std::size_t slot = 0) const;
    /// The program's snapshot, a file or a folder, with the files that these `ranks` left for themselves. Throws
    /// std::system_error (no file, no memory).
    Snapshot take_saved(std::span<const std::size_t> ranks = {}, std::size_t slot = 0) const;

private:
    /// No file's name begins with that of another: "save.npz" is an ending that a library gave to "save".
    static std::string prefix(std::size_t slot) { return slot == 0 ? "" : std::to_string(slot) + "-"; }

    std::vector<std::string> parents_;  ///< the folders that it may use
    std::size_t at_ = 0;                ///< index into parents_ of the current folder
    std::string folder_;
};

}  // namespace stemma
