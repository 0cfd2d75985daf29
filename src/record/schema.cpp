#include "record/schema.hpp"

#include <variant>

#include "core/error.hpp"
#include "manager/effect.hpp"

namespace stemma::record {

namespace {

constexpr auto input_kinds = std::to_array<Named>({{0, "incarnation_started"},
                                                   {1, "worker_joined"},
                                                   {2, "worker_lost"},
                                                   {3, "report"},
                                                   {4, "failure"},
                                                   {5, "persisted"},
                                                   {6, "snapshot_missing"},
                                                   {7, "transfer_done"},
                                                   {8, "ticked"},
                                                   {9, "stop_requested"},
                                                   {10, "member_stopped"},
                                                   {11, "budget_changed"},
                                                   {12, "model_fitted"},
                                                   {13, "transfer_failed"},
                                                   {14, "transfer_late"}});
static_assert(input_kinds.size() == std::variant_size_v<input::Body>);
constexpr auto effect_kinds = std::to_array<Named>({{0, "born"},
                                                    {1, "train"},
                                                    {2, "serve"},
                                                    {3, "abort_transfer"},
                                                    {4, "drop"},
                                                    {5, "persist"},
                                                    {6, "erase"},
                                                    {7, "cancel"},
                                                    {8, "dismiss"},
                                                    {9, "noted"},
                                                    {10, "ended"},
                                                    {11, "replicate"}});
static_assert(effect_kinds.size() == std::variant_size_v<Effect>);
constexpr auto birth_causes = std::to_array<Named>(
    {{1, "sampled"}, {2, "repeat"}, {3, "exploit"}, {4, "adoption"}, {5, "continuation"}, {6, "backtrack"}});
constexpr auto source_kinds = std::to_array<Named>({{0, "scratch"}, {1, "local"}, {2, "peer"}, {3, "disk"}});
constexpr auto failure_kinds = std::to_array<Named>({{0, "none"},
                                                     {1, "nonfinite"},
                                                     {2, "out_of_memory"},
                                                     {3, "infeasible"},
                                                     {4, "device"},
                                                     {5, "exception"},
                                                     {6, "snapshot_unavailable"},
                                                     {7, "worker_lost"},
                                                     {8, "timed_out"},
                                                     {9, "broken_program"}});
constexpr auto event_kinds = std::to_array<Named>(
    {{1, "late_report"},      {2, "retry"},           {3, "member_failed"},   {4, "member_diverged"},
     {5, "evicted"},          {6, "retrain"},         {7, "worker_retired"},  {8, "new_best"},
     {9, "repeated_failure"}, {10, "requeued"},       {11, "persist_failed"}, {12, "released"},
     {13, "model_late"},      {14, "budget_cut"},     {15, "selected"},       {16, "redrawn"},
     {17, "used_up"},         {18, "sampler_chosen"}, {19, "arm_stopped"},    {20, "arm_ahead"}});
constexpr auto end_reasons = std::to_array<Named>({{1, "exhausted"},
                                                   {2, "budget_members"},
                                                   {3, "budget_reports"},
                                                   {4, "budget_resource"},
                                                   {5, "budget_seconds"},
                                                   {6, "target"},
                                                   {7, "stopped"},
                                                   {8, "repeated_failure"},
                                                   {9, "no_workers"}});
constexpr auto stop_reasons = std::to_array<Named>({{1, "user"}, {2, "signal"}, {3, "time_limit"}});
constexpr auto report_status = std::to_array<Named>({{1, "full"}, {2, "partial"}, {3, "late"}});
constexpr auto lease_outcomes =
    std::to_array<Named>({{1, "reported"}, {2, "partial"}, {3, "failed"}, {4, "lost"}, {5, "timed_out"}});
constexpr auto worker_changes = std::to_array<Named>({{1, "joined"}, {2, "lost"}, {3, "dismissed"}});
constexpr auto snapshot_changes =
    std::to_array<Named>({{1, "persisted"}, {2, "persist_failed"}, {3, "erased"}, {4, "missing"}});
constexpr auto incarnation_changes = std::to_array<Named>({{1, "started"}, {2, "ended"}});

constexpr auto all_enumerations = std::to_array<Enumeration>({{"INPUT_KINDS", input_kinds},
                                                              {"EFFECT_KINDS", effect_kinds},
                                                              {"BIRTH_CAUSES", birth_causes},
                                                              {"SOURCE_KINDS", source_kinds},
                                                              {"FAILURE_KINDS", failure_kinds},
                                                              {"EVENT_KINDS", event_kinds},
                                                              {"END_REASONS", end_reasons},
                                                              {"STOP_REASONS", stop_reasons},
                                                              {"REPORT_STATUS", report_status},
                                                              {"LEASE_OUTCOMES", lease_outcomes},
                                                              {"WORKER_CHANGES", worker_changes},
                                                              {"SNAPSHOT_CHANGES", snapshot_changes},
                                                              {"INCARNATION_CHANGES", incarnation_changes}});

}  // namespace

std::size_t size_of(ColumnType type) {
    switch (type) {
        case ColumnType::u8:
            return 1;
        case ColumnType::u32:
            return 4;
        case ColumnType::u64:
        case ColumnType::i64:
        case ColumnType::f64:
        case ColumnType::id:
            return 8;
    }
    unreachable("a column has one of the types");
}

std::string_view name_of(ColumnType type) {
    switch (type) {
        case ColumnType::u8:
            return "uint8";
        case ColumnType::u32:
            return "uint32";
        case ColumnType::u64:
            return "uint64";
        case ColumnType::i64:
        case ColumnType::id:
            return "int64";
        case ColumnType::f64:
            return "float64";
    }
    unreachable("a column has one of the types");
}

std::span<const Enumeration> enumerations() { return all_enumerations; }

std::string name_in(std::string_view enumeration, std::uint8_t value) {
    for (const auto& one : all_enumerations) {
        if (one.name != enumeration) continue;
        for (const auto& named : one.values) {
            if (named.value == value) return std::string(named.name);
        }
    }
    return std::to_string(value);
}

std::string_view enumeration_of(Table table, std::string_view column) {
    for (const auto& one : spec(table).columns) {
        if (one.name != column || one.type != ColumnType::u8) continue;
        for (const auto& enumeration : all_enumerations) {
            if (one.meaning.find(enumeration.name) != std::string_view::npos) return enumeration.name;
        }
    }
    return {};
}

}  // namespace stemma::record
