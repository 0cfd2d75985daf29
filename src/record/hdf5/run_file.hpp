#pragma once
// A run as one HDF5 file (docs/SCHEMA.md), written in single-writer multi-reader mode: readable while it is written and
// after kill -9.
//
// Thread-safe: calls into HDF5 take one process-wide lock, each for a short time. An object is used by one thread at a
// time.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "record/hdf5/lock_file.hpp"
#include "record/journal.hpp"
#include "record/run_reader.hpp"
#include "record/schema.hpp"

namespace stemma::record {

/// A journal that is a file, or several.
class RunRecord : public Journal {
public:
    /// Commits, and leaves a file that any HDF5 program opens. `finished`: the search has ended for good. The file is
    /// then rewritten compressed and with checksums (about 50 MB/s), and finished() of a reader is true.
    virtual void close(bool finished) = 0;
    /// For the log: the former owner of a lock that was taken over, the path of the live file; "" if there is nothing
    /// to say.
    virtual const std::string& notice() const = 0;
};

/// What a resume adds to the header of the file: `machine` if the header does not have it, the others if an older file
/// lacks them.
struct HeaderAdditions {
    std::string machine = {};
    std::string job_resolved = {};
    Limits limits = {};
};

class RunFileWriter : public RunRecord {
public:
    /// A new file, complete under its name or not there at all. Throws UserError if `path` exists, if another process
    /// writes to it (`<path>.lock`), or if it cannot be written. `batch`: a requeued job takes over the lock of its
    /// earlier start.
    static std::unique_ptr<RunFileWriter> create(const std::filesystem::path& path, const RunHeader& header,
                                                 BatchStart batch = {});
    /// Goes on with an existing file, whether closed or killed. Everything committed is written anew beside it
    /// (`<path>.resuming`), checked on the way, and renamed into place. Throws UserError as create() and RunFileReader
    /// do. About 1 s for a million entries. A file of an older format gets this program's format.
    static std::unique_ptr<RunFileWriter> append_to(const std::filesystem::path& path, BatchStart batch = {},
                                                    const HeaderAdditions& additions = {});
    /// Without close(): committed entries stay, as after a kill.
    ~RunFileWriter() override;

    void append(const Input& input, std::span<const Effect> effects) override;
    /// Throws UserError if the file cannot be written (disk full).
    void commit() override;
    std::function<void()> sync_work() override;
    void close(bool finished) override;

    std::uint64_t inputs() const;  ///< appended, including those before a resume
    const std::string& notice() const override;

private:
    struct State;

public:
    explicit RunFileWriter(std::unique_ptr<State> state);  ///< for create() and append_to()

private:
    std::unique_ptr<State> state_;
};

/// The run as of its last commit when opened. Open again to see more.
class RunFileReader : public RunReader {
public:
    /// Opens live, killed and closed files, also of older formats. A newer file is opened if it says that this program
    /// reads it without a wrong result. Throws UserError if the file is missing, empty, cut short, damaged, no HDF5
    /// file or another program's, or if it needs a newer program.
    explicit RunFileReader(const std::filesystem::path& path);
    ~RunFileReader() override;
    RunFileReader(RunFileReader&&) noexcept;
    RunFileReader& operator=(RunFileReader&&) noexcept;

    const RunHeader& header() const override;
    /// Checks every checksum. `take` may open other files.
    void entries(const std::function<void(const Entry&)>& take) override;

    /// Committed rows of a table, and their bytes in the schema's layout (0 in columns that the file lacks). Throws
    /// UserError where they cannot be read.
    std::uint64_t rows(Table table) const;
    void read_rows(Table table, std::uint64_t first, std::uint64_t count, Bytes& out) const;
    /// Writes the same 0 into rows that were derived from the log, so that both can be compared.
    void blank_missing(Table table, Bytes& rows) const;
    bool has(Table table) const;
    /// Tables and columns of the schema that are newer than the file: "/budgets", "inputs_crc32 of /commits".
    std::vector<std::string> lacks() const;
    /// Reads all tables. Returns the first table whose bytes do not have the checksum of the last commit; nothing in a
    /// file without checksums.
    std::optional<Table> first_with_wrong_checksum() const;

    std::uint64_t inputs() const;  ///< committed
    std::uint64_t commits() const;
    bool closed() const;    ///< in order: neither live nor killed
    bool finished() const;  ///< closed, and the search had ended for good
    std::uint32_t format_version() const;
    /// How often a resume has written the file anew. When it changes, or replaced() is true, open again.
    std::uint32_t file_incarnation() const;
    /// True if another file has this name now.
    bool replaced() const;

private:
    struct State;
    void reading(Table table, std::uint64_t first, std::uint64_t count, const std::function<void()>& read) const;
    std::unique_ptr<State> state_;
};

}  // namespace stemma::record
