#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/error.hpp"
#include "record/hdf5/lock_file.hpp"
#include "record/hdf5/run_file.hpp"
#include "record/hdf5/sync.hpp"
#include "record/hdf5/table_file.hpp"
#include "record/tables.hpp"

namespace stemma::record {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t copy_inputs_per_commit = 8192;
constexpr std::size_t copy_block_bytes = std::size_t{1} << 22U;

UserError write_error(const fs::path& path, const h5::Error& error) {
    return UserError(fmt::format("{}: {}. Is the disk full or the folder read-only? What was committed before is kept",
                                 path.string(), error.what()));
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text + "\n").find("\n" + line + "\n") != std::string::npos;
}

RunHeader with(const HeaderAdditions& additions, RunHeader header) {
    const auto& machine = additions.machine;
    if (!machine.empty() && !has_line(header.machines, machine)) {
        header.machines += (header.machines.empty() ? "" : "\n") + machine;
    }
    if (header.job_resolved.empty()) header.job_resolved = additions.job_resolved;
    if (header.limits == Limits{}) header.limits = additions.limits;
    return header;
}

/// Writes all rows, compressed, into a new file. The live file's chunks are copied in the order of the tables.
void write_cold_copy(const TableFile& live, const RunHeader& header, std::uint32_t incarnation, const std::string& to) {
    create_run_file(to, header, incarnation, Storage::cold);
    TableFile cold(h5::open_file(to, h5::Mode::write), header, false);
    Bytes block;
    for (std::size_t i = 0; i < table_count; ++i) {
        const auto table = static_cast<Table>(i);
        // Whole chunks, so that each is compressed once.
        const auto step = std::max<std::uint64_t>(1, copy_block_bytes / live.row_bytes(table) / tables[i].chunk_rows) *
                          tables[i].chunk_rows;
        for (std::uint64_t first = 0; first < live.extent(table); first += step) {
            live.read(table, first, std::min(step, live.extent(table) - first), block);
            cold.append(table, block);
        }
    }
    cold.close();
}

}  // namespace

struct RunFileWriter::State {
    State(fs::path path_, BatchStart batch, RunHeader header_)
        : path(std::move(path_)), header(std::move(header_)), rows(header) {
        lock.emplace(path.string() + ".lock", std::move(batch));
        notice = lock->notice();
    }

    /// Makes the file under `name` and opens it for live writing.
    void start(const fs::path& name, std::uint32_t file_incarnation);
    /// Renames it to its final name.
    void publish(const fs::path& from);
    void commit(std::uint32_t flags);
    /// After a failed write: the file is never touched again.
    void abandon();

    fs::path path;
    std::optional<LockFile> lock;
    std::string notice;
    RunHeader header;
    TableRows rows;
    std::optional<TableFile> file;
    std::uint32_t incarnation = 0;
    std::uint64_t commits = 0;
};

void RunFileWriter::State::start(const fs::path& name, std::uint32_t file_incarnation) {
    const h5::Guard guard;
    try {
        incarnation = file_incarnation;
        create_run_file(name.string(), header, incarnation, Storage::live);
        file.emplace(h5::open_file(name.string(), h5::Mode::swmr_write), header, true);
    } catch (const h5::Error& error) {
        throw write_error(path, error);
    }
}

void RunFileWriter::State::publish(const fs::path& from) {
    sync_file(from);
    rename_durably(from, path);
}

void RunFileWriter::State::commit(std::uint32_t flags) {
    if (rows.rows(Table::inputs).empty() && flags == 0) return;
    ensure(file.has_value(), "nothing is committed after a write that failed");
    rows.put_commit(commits, flags);

    const h5::Guard guard;
    try {
        for (std::size_t i = 0; i < index(Table::commits); ++i) {
            const auto table = static_cast<Table>(i);
            if (rows.rows(table).empty()) continue;
            file->append(table, rows.rows(table));
            file->flush(table);
        }
        // Last, and only after the other rows are with the kernel: this row makes them count.
        file->append(Table::commits, rows.rows(Table::commits));
        file->flush(Table::commits);
    } catch (const h5::Error& error) {
        abandon();
        throw write_error(path, error);
    }
    rows.clear();
    ++commits;
}

void RunFileWriter::State::abandon() {
    // Closing would try to write what could not be written, and crash inside the library. The file is as after a kill.
    static_cast<void>(std::make_unique<TableFile>(std::move(*file)).release());
    file.reset();
}

RunFileWriter::RunFileWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

RunFileWriter::~RunFileWriter() {
    const h5::Guard guard;
    state_->file.reset();
}

std::unique_ptr<RunFileWriter> RunFileWriter::create(const fs::path& path, const RunHeader& header, BatchStart batch) {
    const auto refuse_existing = [&] {
        if (!fs::exists(path)) return;
        throw UserError(fmt::format(
            "{}: exists already and is not overwritten. Go on with it by `stemma resume {}`, or choose another name",
            path.string(), path.string()));
    };
    refuse_existing();
    auto state = std::make_unique<State>(path, std::move(batch), header);
    refuse_existing();  // made by the former owner of the lock
    const auto temporary = path.string() + ".creating";
    state->start(temporary, 0);
    state->publish(temporary);
    return std::make_unique<RunFileWriter>(std::move(state));
}

std::unique_ptr<RunFileWriter> RunFileWriter::append_to(const fs::path& path, BatchStart batch,
                                                        const HeaderAdditions& additions) {
    // Its header is needed before the lock. Committed entries are read once no other process writes.
    const auto header = with(additions, RunFileReader(path).header());
    auto state = std::make_unique<State>(path, std::move(batch), header);
    RunFileReader old(path);
    const auto temporary = path.string() + ".resuming";
    state->start(temporary, old.file_incarnation() + 1);
    std::uint64_t uncommitted = 0;
    old.entries([&](const Entry& entry) {
        state->rows.add(entry.input, entry.effects);
        if (++uncommitted < copy_inputs_per_commit) return;
        uncommitted = 0;
        state->commit(0);
    });
    state->commit(0);
    state->publish(temporary);
    return std::make_unique<RunFileWriter>(std::move(state));
}

void RunFileWriter::append(const Input& input, std::span<const Effect> effects) { state_->rows.add(input, effects); }

void RunFileWriter::commit() { state_->commit(0); }

std::function<void()> RunFileWriter::sync_work() {
    return [this] {
        state_->lock->renew();
        sync_file(state_->path);
    };
}

void RunFileWriter::close(bool finished) {
    ensure(state_->file.has_value(), "a run file is closed once");
    state_->lock->renew();
    state_->commit(commit_closed | (finished ? commit_finished : 0));
    const auto temporary = state_->path.string() + ".compacting";
    {
        const h5::Guard guard;
        try {
            if (finished) write_cold_copy(*state_->file, state_->header, state_->incarnation, temporary);
            state_->file->close();
        } catch (const h5::Error& error) {
            state_->abandon();
            std::error_code ignored;
            fs::remove(temporary, ignored);
            throw write_error(state_->path, error);
        }
        state_->file.reset();
    }
    if (finished) {
        state_->lock->renew();  // it took its time
        state_->publish(temporary);
    } else {
        sync();
    }
    state_->lock.reset();
}

std::uint64_t RunFileWriter::inputs() const { return state_->rows.count(Table::inputs); }

const std::string& RunFileWriter::notice() const { return state_->notice; }

}  // namespace stemma::record
