#pragma once
// Rows of the tables, derived from inputs and effects. Used by the writer of run files and by exports.

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/bytes.hpp"
#include "record/journal.hpp"
#include "record/lease_ledger.hpp"
#include "record/schema.hpp"

namespace stemma::record {

namespace detail {

template <class T>
struct IsId : std::false_type {};
template <class Tag>
struct IsId<Id<Tag>> : std::true_type {};

template <class T>
consteval ColumnType column_type() {
    if constexpr (IsId<T>::value) {
        return ColumnType::id;
    } else if constexpr (std::is_same_v<T, double>) {
        return ColumnType::f64;
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
        return ColumnType::i64;
    } else if constexpr (std::is_same_v<T, std::uint64_t>) {
        return ColumnType::u64;
    } else if constexpr (std::is_same_v<T, std::uint32_t>) {
        return ColumnType::u32;
    } else {
        static_assert(sizeof(T) == 1, "no column has this type");
        return ColumnType::u8;
    }
}

template <Table table, class... Values>
consteval bool fits() {
    const auto& columns = spec(table).columns;
    if (columns.size() != sizeof...(Values)) return false;
    std::size_t i = 0;
    return ((columns[i++].type == column_type<Values>()) && ...);
}

}  // namespace detail

/// Bytes of one row: the fixed columns, packed, then 8 for each further column.
std::size_t row_bytes(Table table, const RunHeader& header);
/// Names of the further columns. A name that another column has already gets "_" appended.
std::vector<std::string> more_columns(Table table, const RunHeader& header);

/// Turns entries into rows, in memory, until clear().
class TableRows {
public:
    explicit TableRows(const RunHeader& header);

    /// Entries come in order of sequence.
    void add(const Input& input, std::span<const Effect> effects);

    /// Adds number `commit` of the run: a row of `commits` that makes everything so far valid. `flags`: commit_closed,
    /// ... At most once between two clear().
    void put_commit(std::uint64_t commit, std::uint32_t flags);

    const Bytes& rows(Table table) const { return rows_[index(table)]; }
    std::size_t row_bytes(Table table) const { return row_bytes_[index(table)]; }
    /// Rows since the start of the run, cleared ones included.
    std::uint64_t count(Table table) const { return cleared_[index(table)] + rows(table).size() / row_bytes(table); }
    /// How many of these were cleared.
    std::uint64_t cleared(Table table) const { return cleared_[index(table)]; }
    void clear();
    double last_time() const { return time_; }

private:
    struct LeaseFacts {
        MemberId member;
        Resource to = 0;
    };
    struct TextSpan {
        std::uint64_t offset = 0;
        std::uint32_t length = 0;
    };

    template <Table table, class... Values>
    void put(Values... values) {
        static_assert(detail::fits<table, Values...>(), "the row's values do not match the schema's columns");
        ByteWriter out(rows_[index(table)]);
        (out.put(values), ...);
    }
    void put_metrics(Table table, std::span<const double> values);
    TextSpan put_text(std::string_view text);

    void put_input(const Input& input, std::size_t effects);
    void put_decision(std::uint32_t number, const Effect& effect);

    void on(const input::IncarnationStarted& started);
    void on(const input::WorkerJoined& joined);
    void on(const input::WorkerLost& lost);
    void on(const input::Report& report);
    void on(const input::Failure& failed);
    void on(const input::Persisted& persisted);
    void on(const input::SnapshotMissing& missing);
    void on(const input::BudgetChanged& changed);
    template <class Other>
    void on(const Other&) {}  // these need no row beyond their own in inputs or decisions
    void on(const effect::Born& born);
    void on(const effect::Train& assign);
    void on(const effect::Erase& erase);
    void on(const effect::Dismiss& dismiss);
    void on(const effect::Noted& noted);
    void on(const effect::Ended& ended);

    LeaseFacts facts(LeaseId lease) const;
    void snapshot_row(SnapshotId snapshot, SnapshotChange change);
    void budget_row();

    std::size_t metrics_;
    std::size_t parameters_;
    std::array<Bytes, table_count> rows_;
    std::array<std::size_t, table_count> row_bytes_{};
    std::array<std::uint64_t, table_count> cleared_{};
    std::array<std::uint32_t, table_count> checksums_{};  ///< as of the last commit

    Limits limits_;
    std::vector<LeaseFacts> leases_;  ///< for each lease, 16 bytes
    LeaseLedger leases_out_;
    bool late_ = false;  ///< the present input, if it is a report, ends no lease
    std::uint32_t incarnation_ = 0;
    std::uint64_t sequence_ = 0;  ///< of the present input
    double time_ = 0;
};

}  // namespace stemma::record
