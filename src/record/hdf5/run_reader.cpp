#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/crc32.hpp"
#include "core/error.hpp"
#include "record/hdf5/file_header.hpp"
#include "record/hdf5/run_file.hpp"
#include "record/hdf5/table_file.hpp"
#include "record/tables.hpp"

namespace stemma::record {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t inputs_per_block = 4096;
constexpr std::uint64_t commits_per_block = 1024;
constexpr std::size_t checked_block_bytes = std::size_t{1} << 22U;

UserError unreadable(const fs::path& path, std::string_view why) {
    return UserError(
        fmt::format("{}: cannot be read as a run file ({}): cut short, or damaged. Take a copy from before the damage, "
                    "if there is one",
                    path.string(), why));
}

/// One row of `commits`.
struct Commit {
    std::array<std::uint64_t, table_count> rows{};
    std::array<std::optional<std::uint32_t>, table_count> checksums{};  ///< nothing: the file has no checksum
    std::uint32_t flags = 0;
};

/// Offsets of the columns of `commits` in a file's rows.
class CommitLayout {
public:
    explicit CommitLayout(const RowLayout& layout) : bytes_(layout.bytes()) {
        const auto required = [&](const std::string& column) {
            const auto offset = layout.offset(column);
            if (!offset) throw h5::Error("table /commits has no column " + column);
            return *offset;
        };
        number_ = required("commit");
        flags_ = required("flags");
        crc32_ = required("crc32");
        for (std::size_t i = 0; i < index(Table::commits); ++i) {
            const std::string name(tables[i].name.substr(1));
            counts_[i] = layout.offset(name);
            checksums_[i] = layout.offset(name + "_crc32");
        }
        for (const auto table : {Table::inputs, Table::decisions, Table::payload})
            static_cast<void>(required(std::string(spec(table).name.substr(1))));
    }

    std::size_t bytes() const { return bytes_; }

    /// Nothing if the row is not whole: never written, torn, or damaged.
    std::optional<Commit> parse(std::span<const std::byte> row, std::uint64_t number) const {
        if (at<std::uint64_t>(row, number_) != number) return std::nullopt;
        if (at<std::uint32_t>(row, crc32_) != crc32_of(row.first(crc32_))) return std::nullopt;
        Commit commit;
        for (std::size_t i = 0; i < index(Table::commits); ++i) {
            if (counts_[i]) commit.rows[i] = at<std::uint64_t>(row, *counts_[i]);
            if (checksums_[i]) commit.checksums[i] = at<std::uint32_t>(row, *checksums_[i]);
        }
        commit.flags = at<std::uint32_t>(row, flags_);
        commit.rows[index(Table::commits)] = number + 1;
        return commit;
    }

private:
    template <class T>
    static T at(std::span<const std::byte> row, std::size_t offset) {
        return ByteReader(row.subspan(offset)).get<T>();
    }

    std::size_t bytes_;
    std::size_t number_ = 0;
    std::size_t flags_ = 0;
    std::size_t crc32_ = 0;
    std::array<std::optional<std::size_t>, table_count> counts_;
    std::array<std::optional<std::size_t>, table_count> checksums_;
};

/// Columns without which the log of inputs and decisions cannot be read.
void require_log(const TableFile& file) {
    for (const auto table : {Table::inputs, Table::decisions}) {
        const auto& missing = file.layout(table).missing();
        if (!missing.empty()) throw h5::Error(fmt::format("table {} has no column {}", spec(table).name, missing[0]));
    }
}

using FileIdentity = std::pair<::dev_t, ::ino_t>;  // device and file in it

std::optional<FileIdentity> identity_of(const fs::path& path) {
    struct ::stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return FileIdentity{status.st_dev, status.st_ino};
}

void require_file(const fs::path& path) {
    std::error_code error;
    if (!fs::exists(path, error)) {
        throw UserError(path.string() + ": there is no such file. Give the run file that `stemma run` wrote");
    }
    if (!fs::is_regular_file(path, error))
        throw UserError(path.string() + ": is not a file. Give the run file that `stemma run` wrote");
    if (fs::file_size(path, error) == 0)
        throw UserError(path.string() + ": is empty. Remove it and start the search again");
}

}  // namespace

struct RunFileReader::State {
    explicit State(const fs::path& path_);

    void find_last_commit();
    std::uint64_t rows(Table table) const { return commit.rows[index(table)]; }

    fs::path path;
    std::optional<FileIdentity> identity;
    RunHeader header;
    std::uint32_t version = 0;
    std::uint32_t incarnation = 0;
    Commit commit;
    std::optional<TableFile> file;
};

RunFileReader::State::State(const fs::path& path_) : path(path_), identity(identity_of(path_)) {
    require_file(path);
    const h5::Guard guard;
    try {
        if (H5Fis_hdf5(path.c_str()) <= 0) {
            throw UserError(path.string() +
                            ": is not an HDF5 file. Give the run file that `stemma run` wrote (RUN.h5)");
        }
        h5::Handle opened;
        try {
            opened = h5::open_file(path.string(), h5::Mode::swmr_read);
        } catch (const h5::Error&) {
            // Other programs' files may be in older formats, which cannot be opened for live reading. They get a better
            // message below.
            opened = h5::open_file(path.string(), h5::Mode::read);
        }
        version = check_format(opened.id(), path.string());
        header = read_header(opened.id(), version);
        incarnation = read_file_incarnation(opened.id());
        file.emplace(std::move(opened), header, false, version);
        require_log(*file);
        find_last_commit();
    } catch (const h5::Error& error) {
        throw unreadable(path, error.what());
    }
}

void RunFileReader::State::find_last_commit() {
    Bytes block;
    const CommitLayout layout(file->layout(Table::commits));
    const auto size = layout.bytes();
    for (auto end = file->extent(Table::commits); end > 0;) {
        const auto first = end - std::min(end, commits_per_block);
        file->read_stored(Table::commits, first, end - first, block);
        for (; end > first; --end) {
            const auto found = layout.parse(std::span(block).subspan((end - 1 - first) * size, size), end - 1);
            if (!found) continue;
            bool complete = true;
            for (std::size_t i = 0; i < table_count; ++i)
                complete &= found->rows[i] <= file->extent(static_cast<Table>(i));
            if (!complete) continue;
            commit = *found;
            return;
        }
    }
    if (file->extent(Table::commits) > 0) throw h5::Error("none of its commits is whole");
}

RunFileReader::RunFileReader(const fs::path& path) : state_(std::make_unique<State>(path)) {}

RunFileReader::RunFileReader(RunFileReader&&) noexcept = default;
RunFileReader& RunFileReader::operator=(RunFileReader&& other) noexcept {
    const h5::Guard guard;
    state_ = std::move(other.state_);
    return *this;
}

RunFileReader::~RunFileReader() {
    const h5::Guard guard;
    state_.reset();
}

namespace {

/// The reading position. Payload and decisions lie back to back, in the order of the inputs.
struct Cursor {
    std::uint64_t input = 0;
    std::uint64_t decision = 0;
    std::uint64_t payload = 0;
};

struct Block {
    Bytes inputs;
    Bytes decisions;
    Bytes payload;
};

struct InputRow {
    std::uint64_t sequence = 0;
    double time = 0;
    std::uint8_t kind = 0;
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t decisions = 0;
    std::uint32_t crc32 = 0;
};

InputRow next_input_row(ByteReader& in) {
    InputRow row;
    in.get(row.sequence);
    in.get(row.time);
    in.get(row.kind);
    in.get(row.offset);
    in.get(row.length);
    in.get(row.decisions);
    in.get(row.crc32);
    return row;
}

/// The piece of the payload that a row points to, after a check that it is the next piece and whole.
std::span<const std::byte> piece(std::span<const std::byte>& payload, std::uint64_t& cursor, std::uint64_t offset,
                                 std::uint32_t length, std::uint32_t expected_crc) {
    if (offset != cursor || length > payload.size()) throw DecodeError("it does not follow the one before");
    const auto bytes = payload.first(length);
    if (crc32_of(bytes) != expected_crc) throw DecodeError("its checksum is wrong");
    payload = payload.subspan(length);
    cursor += length;
    return bytes;
}

Effect next_effect(ByteReader& decisions, std::span<const std::byte>& payload, Cursor& at, std::uint64_t sequence,
                   std::uint32_t number) {
    const auto row_sequence = decisions.get<std::uint64_t>();
    const auto row_index = decisions.get<std::uint32_t>();
    const auto kind = decisions.get<std::uint8_t>();
    const auto offset = decisions.get<std::uint64_t>();
    const auto length = decisions.get<std::uint32_t>();
    const auto crc32 = decisions.get<std::uint32_t>();
    ByteReader reader(piece(payload, at.payload, offset, length, crc32));
    auto effect = decode_effect(reader);
    reader.expect_end();
    if (row_sequence != sequence || row_index != number || kind != effect.index()) {
        throw DecodeError("one of its decisions belongs elsewhere");
    }
    ++at.decision;
    return effect;
}

/// Hands the entries of one block of inputs to `take`. `at` advances past each whole entry.
void decode_block(const Block& block, Cursor& at, const std::function<void(const Entry&)>& take) {
    ByteReader inputs(block.inputs);
    ByteReader decisions(block.decisions);
    std::span<const std::byte> payload(block.payload);
    Entry entry;
    while (inputs.left() > 0) {
        const auto row = next_input_row(inputs);
        entry.input = decode_input(piece(payload, at.payload, row.offset, row.length, row.crc32));
        if (row.sequence != at.input || entry.input.sequence != row.sequence || entry.input.body.index() != row.kind) {
            throw DecodeError("it is out of sequence");
        }
        entry.effects.clear();
        for (std::uint32_t i = 0; i < row.decisions; ++i) {
            entry.effects.push_back(next_effect(decisions, payload, at, row.sequence, i));
        }
        take(entry);
        ++at.input;
    }
}

/// Totals of a block of rows of `inputs`: its decisions, and where its last input ends in the payload.
std::uint64_t count_decisions(std::span<const std::byte> rows) {
    ByteReader in(rows);
    std::uint64_t count = 0;
    while (in.left() > 0) count += next_input_row(in).decisions;
    return count;
}

/// End of the payload of a block: the last decision, or the last input if that has none.
std::uint64_t payload_end(const Block& block, std::size_t decision_bytes) {
    ByteReader in(block.inputs);
    InputRow last;
    while (in.left() > 0) last = next_input_row(in);
    if (last.decisions == 0) return last.offset + last.length;
    ByteReader decision(std::span(block.decisions).last(decision_bytes));
    static_cast<void>(decision.get<std::uint64_t>());
    static_cast<void>(decision.get<std::uint32_t>());
    static_cast<void>(decision.get<std::uint8_t>());
    const auto offset = decision.get<std::uint64_t>();
    return offset + decision.get<std::uint32_t>();
}

}  // namespace

void RunFileReader::entries(const std::function<void(const Entry&)>& take) {
    auto& state = *state_;
    const auto damaged = [&](std::uint64_t input, std::string_view why) {
        return UserError(
            fmt::format("{}: input {} of {} is damaged ({}); those before it are whole. Take a copy of the file from "
                        "before the damage, "
                        "if there is one",
                        state.path.string(), input, state.rows(Table::inputs), why));
    };
    Cursor at;
    Block block;
    while (at.input < state.rows(Table::inputs)) {
        try {
            const h5::Guard guard;
            state.file->read(Table::inputs, at.input, std::min(inputs_per_block, state.rows(Table::inputs) - at.input),
                             block.inputs);
            const auto decisions = count_decisions(block.inputs);
            if (decisions > state.rows(Table::decisions) - at.decision)
                throw DecodeError("it has more decisions than there are");
            state.file->read(Table::decisions, at.decision, decisions, block.decisions);
            const auto end = payload_end(block, state.file->row_bytes(Table::decisions));
            if (end < at.payload || end > state.rows(Table::payload)) throw DecodeError("it points beyond the end");
            state.file->read(Table::payload, at.payload, end - at.payload, block.payload);
        } catch (const h5::Error& error) {
            throw damaged(at.input, error.what());
        } catch (const DecodeError& error) {
            throw damaged(at.input, error.what());
        }
        try {
            decode_block(block, at, take);
        } catch (const DecodeError& error) {
            throw damaged(at.input, error.what());
        }
    }
}

std::uint64_t RunFileReader::rows(Table table) const { return state_->rows(table); }

void RunFileReader::reading(Table table, std::uint64_t first, std::uint64_t count,
                            const std::function<void()>& read) const {
    const h5::Guard guard;
    try {
        read();
    } catch (const h5::Error& error) {
        throw unreadable(state_->path, fmt::format("rows {} to {} of table {}: {}", first, first + count,
                                                   spec(table).name.substr(1), error.what()));
    }
}

void RunFileReader::read_rows(Table table, std::uint64_t first, std::uint64_t count, Bytes& out) const {
    reading(table, first, count, [&] { state_->file->read(table, first, count, out); });
}

void RunFileReader::blank_missing(Table table, Bytes& rows) const { state_->file->layout(table).blank_missing(rows); }

bool RunFileReader::has(Table table) const { return state_->file->has(table); }

std::vector<std::string> RunFileReader::lacks() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < table_count; ++i) {
        const auto table = static_cast<Table>(i);
        if (!has(table)) names.emplace_back(tables[i].name);
        for (const auto& column : state_->file->layout(table).missing())
            names.push_back(fmt::format("{} of {}", column, tables[i].name));
    }
    return names;
}

std::optional<Table> RunFileReader::first_with_wrong_checksum() const {
    for (std::size_t i = 0; i < index(Table::commits); ++i) {
        const auto expected = state_->commit.checksums[i];
        const auto table = static_cast<Table>(i);
        if (!expected) continue;
        std::uint32_t sum = 0;
        Bytes block;
        const auto step = std::max<std::uint64_t>(1, checked_block_bytes / row_bytes(table, state_->header));
        for (std::uint64_t first = 0; first < rows(table); first += step) {
            const auto count = std::min(step, rows(table) - first);
            reading(table, first, count, [&] { state_->file->read_stored(table, first, count, block); });
            sum = crc32_of(block, sum);
        }
        if (sum != *expected) return table;
    }
    return std::nullopt;
}

const RunHeader& RunFileReader::header() const { return state_->header; }
std::uint64_t RunFileReader::inputs() const { return state_->rows(Table::inputs); }
std::uint64_t RunFileReader::commits() const { return state_->rows(Table::commits); }
bool RunFileReader::closed() const { return (state_->commit.flags & commit_closed) != 0; }
bool RunFileReader::finished() const { return (state_->commit.flags & commit_finished) != 0; }
std::uint32_t RunFileReader::format_version() const { return state_->version; }
std::uint32_t RunFileReader::file_incarnation() const { return state_->incarnation; }
bool RunFileReader::replaced() const { return identity_of(state_->path) != state_->identity; }

}  // namespace stemma::record
