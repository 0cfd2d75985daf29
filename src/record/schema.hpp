#pragma once
// The one description of a run file. It drives creation, the layout of rows (checked at compile time), the reader's
// check, docs/SCHEMA.md and analysis/stemma/schema.py.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace stemma::record {

inline constexpr std::string_view run_file_format = "stemma-run";
/// Raised with every change of a table's columns or of the header. Readers find tables, columns and pieces of the
/// header by name, and can thus still read older files.
inline constexpr std::uint32_t run_file_version = 3;
/// A reader of this version or a later one gets no wrong result from a file of this program. Raised only where a table,
/// a column or a number gets another meaning. Also raised if the log gets kinds of inputs or decisions that a reader
/// must know.
inline constexpr std::uint32_t run_file_readable_by = 2;

/// `id` is stored as a signed 64-bit integer; -1 = none.
enum class ColumnType : std::uint8_t { u8, u32, u64, i64, f64, id };

struct Column {
    std::string_view name;
    ColumnType type;
    std::string_view unit;
    std::string_view meaning;
    std::string_view formerly = {};  ///< name in older files
};

/// Columns beyond the fixed ones: one f64 for each parameter or metric of the run, named after it.
enum class MoreColumns : std::uint8_t { none, parameters, metrics };

struct TableSpec {
    std::string_view name;            ///< path of the dataset: "/reports"
    std::span<const Column> columns;  ///< fields of its compound type; none: a pool of single bytes
    MoreColumns more;
    std::uint32_t chunk_rows;
    std::string_view meaning;
    std::uint32_t since = 1;         ///< first format version with it
    std::string_view formerly = {};  ///< name in older files
};

enum class Table : std::uint8_t {
    inputs,
    decisions,
    payload,
    members,
    reports,
    units,
    leases,
    lease_ends,
    workers,
    snapshots,
    events,
    failures,
    incarnations,
    budgets,
    text,
    commits  ///< the last table
};
inline constexpr std::size_t table_count = 16;

enum class ReportStatus : std::uint8_t { full = 1, partial = 2, late = 3 };
enum class LeaseOutcome : std::uint8_t { reported = 1, partial = 2, failed = 3, lost = 4, timed_out = 5 };
enum class WorkerChange : std::uint8_t { joined = 1, lost = 2, dismissed = 3 };
enum class SnapshotChange : std::uint8_t { persisted = 1, persist_failed = 2, erased = 3, missing = 4 };
enum class IncarnationChange : std::uint8_t { started = 1, ended = 2 };
/// Bits of the `flags` column of `commits`.
inline constexpr std::uint32_t commit_closed = 1;
inline constexpr std::uint32_t commit_finished = 2;

namespace columns {

using enum ColumnType;
inline constexpr std::string_view at_sequence = "input that made this row";
inline constexpr std::string_view checksum = "CRC-32 of all committed bytes of the table, as they lie in the file";
inline constexpr std::string_view at_time = "since the run's first start, pauses between incarnations not counted";

inline constexpr auto inputs =
    std::to_array<Column>({{"sequence", u64, "", "0, 1, 2, ... over all incarnations"},
                           {"time", f64, "s", at_time},
                           {"kind", u8, "", "what happened: INPUT_KINDS"},
                           {"offset", u64, "byte", "of the encoded input in `payload`"},
                           {"length", u32, "byte", "of the encoded input"},
                           {"decisions", u32, "", "number of rows of `decisions` that answer this input"},
                           {"crc32", u32, "", "of the encoded input"}});
inline constexpr auto decisions =
    std::to_array<Column>({{"sequence", u64, "", "input that it answers"},
                           {"index", u32, "", "0, 1, ... within the answer"},
                           {"kind", u8, "", "what was decided: EFFECT_KINDS"},
                           {"offset", u64, "byte", "of the encoded decision in `payload`"},
                           {"length", u32, "byte", "of the encoded decision"},
                           {"crc32", u32, "", "of the encoded decision"}});
inline constexpr auto members = std::to_array<Column>(
    {{"member", id, "", "number in order of birth"},
     {"parent", id, "", "it took the weights of this member (a repeat: the configuration)"},
     {"donor", id, "", "its hyperparameters came from this member, if that is not the parent"},
     {"cause", u8, "", "BIRTH_CAUSES"},
     {"generation", u32, "",
      "births from snapshots between it and a member from scratch; 0 for that one, repeats included"},
     {"sequence", u64, "", at_sequence},
     {"time", f64, "s", at_time},
     {"replaced", id, "",
      "it took the place of this member in the population: of a member that gave up or failed (exploit, backtrack, "
      "sampled), or that is kept to go back to (continuation). -1 too if format 1 has recorded the birth"},
     {"bracket", id, "",
      "number of the bracket in which it competes, in order of opening (of gpbt with interval = \"auto\": of the arm); "
      "-1: "
      "the scheduler has none, or format 1 has recorded the birth"}});
inline constexpr auto reports =
    std::to_array<Column>({{"sequence", u64, "", at_sequence},
                           {"time", f64, "s", at_time},
                           {"member", id, "", "that was trained"},
                           {"lease", id, "", "that ended with this report"},
                           {"worker", id, "", "that trained"},
                           {"resource", i64, "unit", "the member's training, from scratch, at the end of the lease"},
                           {"asked", i64, "unit", "what the lease asked for"},
                           {"seconds", f64, "s", "of training, as the worker measured it"},
                           {"snapshot_bytes", u64, "byte", "size of the snapshot that was kept; 0 = none"},
                           {"status", u8, "", "REPORT_STATUS; late reports are never ranked"},
                           {"processes", u32, "", "that trained the member together; logs of version 2: 1"}});
inline constexpr auto units = std::to_array<Column>(
    {{"report", id, "", "row number in `reports`"},
     {"member", id, "", "that was trained"},
     {"resource", i64, "unit",
      "the member's training, from scratch, at this row; of a point of a trajectory the unit in which it lies"}});
inline constexpr auto leases = std::to_array<Column>(
    {{"lease", id, "", "number in order of assignment"},
     {"member", id, "", "to be trained"},
     {"worker", id, "", "that got it"},
     {"from", i64, "unit", "the member's training at the start"},
     {"to", i64, "unit", "what was asked for"},
     {"source", u8, "", "where the start comes from: SOURCE_KINDS"},
     {"snapshot", id, "", "started from"},
     {"attempt", u32, "", "0 = first; counts retries of the same training"},
     {"adopted_from", id, "", "the parent, if the member's first training starts from its snapshot"},
     {"sequence", u64, "", at_sequence},
     {"time", f64, "s", at_time}});
inline constexpr auto lease_ends = std::to_array<Column>({{"lease", id, "", "that ended"},
                                                          {"sequence", u64, "", at_sequence},
                                                          {"time", f64, "s", at_time},
                                                          {"outcome", u8, "", "LEASE_OUTCOMES"}});
inline constexpr auto workers =
    std::to_array<Column>({{"incarnation", u32, "", "0 = the first start"},
                           {"worker", id, "", "slot in this incarnation (under MPI the rank)"},
                           {"change", u8, "", "WORKER_CHANGES"},
                           {"sequence", u64, "", at_sequence},
                           {"time", f64, "s", at_time},
                           {"snapshot_quota", u64, "byte", "of host memory for snapshots"},
                           {"host_offset", u64, "byte", "of the host's name in `text`"},
                           {"host_length", u32, "byte", "of the host's name"},
                           {"device_offset", u64, "byte", "of the device's name in `text`"},
                           {"device_length", u32, "byte", "of the device's name"},
                           {"reason_offset", u64, "byte", "of why it was lost in `text`"},
                           {"reason_length", u32, "byte", "of why it was lost"}});
inline constexpr auto snapshots =
    std::to_array<Column>({{"sequence", u64, "", at_sequence},
                           {"time", f64, "s", at_time},
                           {"snapshot", id, "", "carries the number of the lease that left it"},
                           {"member", id, "", "it holds the state of this member"},
                           {"change", u8, "", "of the durable copy: SNAPSHOT_CHANGES"}});
inline constexpr auto events =
    std::to_array<Column>({{"sequence", u64, "", at_sequence},
                           {"time", f64, "s", at_time},
                           {"kind", u8, "", "EVENT_KINDS"},
                           {"member", id, "", "concerned"},
                           {"lease", id, "", "concerned; persist_failed: the snapshot, which has its lease's number"},
                           {"worker", id, "", "concerned"},
                           {"value", f64, "",
                            "new_best: the metric; retrain: training lost; model_late: 1 if "
                            "the proposal was a random draw, 0 if it rests on the "
                            "last model; budget_cut: the resource that was wanted; selected: the number of the "
                            "generation whose parent it is; used_up: the number of configurations of the space; "
                            "sampler_chosen: 0 random draws, 1 "
                            "multivariate TPE, 2 a Gaussian process; arm_stopped, arm_ahead: the metric; else 0"}});
inline constexpr auto failures =
    std::to_array<Column>({{"sequence", u64, "", at_sequence},
                           {"time", f64, "s", at_time},
                           {"lease", id, "", "that failed"},
                           {"member", id, "", "that was trained"},
                           {"worker", id, "", "that trained"},
                           {"kind", u8, "", "FAILURE_KINDS"},
                           {"resource", i64, "unit", "reached when it failed"},
                           {"seconds", f64, "s", "until it failed"},
                           {"type_offset", u64, "byte", "of the error's type in `text`"},
                           {"type_length", u32, "byte", "of the error's type"},
                           {"message_offset", u64, "byte", "of the error's message in `text`"},
                           {"message_length", u32, "byte", "of the error's message"}});
inline constexpr auto incarnations =
    std::to_array<Column>({{"incarnation", u32, "", "0 = the first start, 1 = the first resume, ..."},
                           {"change", u8, "", "INCARNATION_CHANGES"},
                           {"sequence", u64, "", at_sequence},
                           {"time", f64, "s", at_time},
                           {"workers", u32, "", "that were started; 0 = not known"},
                           {"reason", u8, "", "why it ended: END_REASONS; 0 = it started"},
                           {"best", id, "", "best member at the end"}});
inline constexpr auto budgets =
    std::to_array<Column>({{"sequence", u64, "", at_sequence},
                           {"time", f64, "s", at_time},
                           {"members", u64, "", "configurations that may be tried; 0 = any number"},
                           {"reports", u64, "", "trainings that may end with a report; 0 = any number"},
                           {"resource", u64, "unit", "training of all members together; 0 = any"},
                           {"seconds", f64, "s", "running time of the search; 0 = any"},
                           {"target", f64, "", "value of the metric that ends the search; NaN = none"},
                           {"max_resource", i64, "unit", "what a member is trained to at most"}});
inline constexpr auto commits =
    std::to_array<Column>({{"commit", u64, "", "row number"},
                           {"time", f64, "s", at_time},
                           {"inputs", u64, "row", "committed"},
                           {"decisions", u64, "row", "committed"},
                           {"payload", u64, "byte", "committed"},
                           {"members", u64, "row", "committed"},
                           {"reports", u64, "row", "committed"},
                           {"units", u64, "row", "committed", "epochs"},
                           {"leases", u64, "row", "committed"},
                           {"lease_ends", u64, "row", "committed"},
                           {"workers", u64, "row", "committed"},
                           {"snapshots", u64, "row", "committed"},
                           {"events", u64, "row", "committed"},
                           {"failures", u64, "row", "committed"},
                           {"incarnations", u64, "row", "committed"},
                           {"budgets", u64, "row", "committed"},
                           {"text", u64, "byte", "committed"},
                           {"flags", u32, "", "1: the file was closed in good order here; 2: the search had ended"},
                           {"inputs_crc32", u32, "", checksum},
                           {"decisions_crc32", u32, "", checksum},
                           {"payload_crc32", u32, "", checksum},
                           {"members_crc32", u32, "", checksum},
                           {"reports_crc32", u32, "", checksum},
                           {"units_crc32", u32, "", checksum, "epochs_crc32"},
                           {"leases_crc32", u32, "", checksum},
                           {"lease_ends_crc32", u32, "", checksum},
                           {"workers_crc32", u32, "", checksum},
                           {"snapshots_crc32", u32, "", checksum},
                           {"events_crc32", u32, "", checksum},
                           {"failures_crc32", u32, "", checksum},
                           {"incarnations_crc32", u32, "", checksum},
                           {"budgets_crc32", u32, "", checksum},
                           {"text_crc32", u32, "", checksum},
                           {"crc32", u32, "", "of this row's bytes before this column, which is the last"}});
static_assert(commits.size() == 4 + 2 * (table_count - 1), "a count and a checksum for each table but commits itself");

}  // namespace columns

inline constexpr std::array<TableSpec, table_count> tables = {{
    {"/inputs", columns::inputs, MoreColumns::none, 2048,
     "Everything that happened, in order. With `decisions` this is the run; all other tables follow from it"},
    {"/decisions", columns::decisions, MoreColumns::none, 4096, "What the manager decided in answer to each input"},
    {"/payload", {}, MoreColumns::none, 262144, "Encoded inputs and decisions, back to back"},
    {"/members", columns::members, MoreColumns::parameters, 512,
     "Births. A parameter's column holds its number, or the index of its choice, or NaN if it is inactive"},
    {"/reports", columns::reports, MoreColumns::metrics, 512,
     "Ends of leases with a report. A metric's column holds the value at the end of the lease, or NaN. A training that "
     "ended with a non-finite metric counts as a report with the worst result, but has a row in `failures` instead"},
    {"/units", columns::units, MoreColumns::metrics, 1024,
     "All rows of metrics of each report, one for each unit of training (epoch or step). Where hyperparameters move "
     "(hypergradients) also points of the trajectory, without metrics, of which trainings that ended without a report "
     "leave none. In format 1 its name is `/epochs`",
     1, "/epochs"},
    {"/leases", columns::leases, MoreColumns::none, 512, "Trainings that were given out"},
    {"/lease_ends", columns::lease_ends, MoreColumns::none, 1024, "How each lease ended"},
    {"/workers", columns::workers, MoreColumns::none, 64, "Workers that came and went"},
    {"/snapshots", columns::snapshots, MoreColumns::none, 512, "Durable copies of snapshots"},
    {"/events", columns::events, MoreColumns::none, 512, "What is worth telling"},
    {"/failures", columns::failures, MoreColumns::none, 128, "Trainings that failed"},
    {"/incarnations", columns::incarnations, MoreColumns::none, 32, "Starts and ends of the program"},
    {"/budgets", columns::budgets, MoreColumns::none, 32,
     "Limits of the search: those at its start, and each change of them, which holds from then on. Not in older files",
     2},
    {"/text", {}, MoreColumns::none, 4096, "Bytes of the texts that other tables point to, UTF-8"},
    {"/commits", columns::commits, MoreColumns::none, 512,
     "Consistent states: rows of a table beyond its count in the last valid row here do not count"},
}};

/// One piece of the header: an attribute of the root group, or a dataset (name starts with '/').
struct HeaderItem {
    std::string_view name;
    std::string_view type;
    std::string_view meaning;
};
inline constexpr auto header_items = std::to_array<HeaderItem>({
    {"format", "text", "\"stemma-run\""},
    {"format_version", "uint32", "of this schema"},
    {"format_readable_by", "uint32",
     "lowest format version that a reader must know to read this file without a wrong result; files without it: 1"},
    {"rules_version", "uint32",
     "of the rules by which the search was decided; a program of other rules can show the run, but not resume or "
     "verify "
     "it; files without it: 1"},
    {"file_incarnation", "uint32",
     "times that a resume has written the file anew; a reader that sees it change opens again"},
    {"run_id", "text", "16 hex digits"},
    {"name", "text", "of the job"},
    {"seed", "uint64", "of the run"},
    {"metric", "text", "the one that is optimized"},
    {"maximize", "uint8", "1: larger is better"},
    {"unit", "text", "of a resource: \"epoch\" or \"step\""},
    {"program_version", "text", "that started the run"},
    {"git_hash", "text", "of the program that started the run"},
    {"machines", "text",
     "CPU, program and compiler of rank 0, one line for each that wrote to the file; not in older files"},
    {"started_unix", "float64", "first start, seconds since 1970"},
    {"limit_members", "uint64", "configurations that might be tried, at the start; 0: any number; see /budgets"},
    {"limit_reports", "uint64", "trainings that might end with a report, at the start; 0: any number"},
    {"limit_resource", "uint64", "training of all members together, at the start; 0: any"},
    {"limit_seconds", "float64", "running time, at the start; 0: any"},
    {"limit_target", "float64", "value of the metric that ends the search, at the start; NaN: none"},
    {"limit_max_resource", "int64", "what a member was trained to at most, at the start; 0: not known"},
    {"header_crc32", "uint32",
     "CRC-32 of the header, so that damage is noticed: of the pieces of format 2 in the order of the section "
     "\"Header's "
     "checksum\"; what later formats add is not part of it"},
    {"/job", "text", "the job file, byte for byte"},
    {"/job_resolved", "text",
     "the job with --set values, presets and all defaults filled in, as TOML: what the search did. Empty where a value "
     "is no UTF-8; not in older files"},
    {"/overrides", "text", "the --set arguments, one a line"},
    {"/space", "text", "the search space as JSON: domains, choices, roles, conditions"},
    {"/parameter_names", "text[n]", "names of the hyperparameters, in order"},
    {"/metric_names", "text[n]", "names of the metrics, in order"},
    {"/metric_held_out", "uint8[n]", "1: recorded but never shown to a scheduler or sampler"},
});

constexpr const TableSpec& spec(Table table) { return tables[static_cast<std::size_t>(table)]; }
constexpr std::size_t index(Table table) { return static_cast<std::size_t>(table); }

std::size_t size_of(ColumnType type);
std::string_view name_of(ColumnType type);  ///< NumPy's name: "uint8", ...

/// One value of an enumeration as run files store it.
struct Named {
    std::uint8_t value;
    std::string_view name;
};
struct Enumeration {
    std::string_view name;  ///< "INPUT_KINDS"
    std::span<const Named> values;
};
/// Every enumeration that the meaning of a column or the type of a field in the payload names.
std::span<const Enumeration> enumerations();
/// "report"; "7" where the number is unknown.
std::string name_in(std::string_view enumeration, std::uint8_t value);
/// The enumeration that decodes a column, or "" if it is a plain number.
std::string_view enumeration_of(Table table, std::string_view column);

/// The text of docs/SCHEMA.md and of analysis/stemma/schema.py.
std::string schema_markdown();
std::string schema_python();

}  // namespace stemma::record
