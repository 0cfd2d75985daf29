// Commands on a run file: verify, status, show, stop, budget.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "app/commands/log_report.hpp"
#include "app/commands/member_names.hpp"
#include "app/commands/recorded_run.hpp"
#include "app/console/format.hpp"
#include "app/console/front_text.hpp"
#include "app/console/print.hpp"
#include "core/printable.hpp"
#include "core/rng.hpp"
#include "genealogy/genealogy.hpp"
#include "platform/machine.hpp"
#include "record/hdf5/lock_file.hpp"
#include "record/hdf5/table_check.hpp"
#include "runtime/control_file.hpp"

namespace stemma {

namespace {

void print_difference(const RecordedRun& run, const ProposalDifference& difference) {
    const auto& space = run.manager.space();
    print(fmt::format("  member {}\n  recorded   {}\n  recomputed {}\n", difference.member.value,
                      space.describe(difference.recorded),
                      difference.recomputed ? space.describe(*difference.recomputed) : "nothing: exhausted"));
}

/// On the same CPU and build proposals are equal to the last bit. Elsewhere arithmetic may differ a little.
ExitCode verify_proposals(const RecordedRun& run, const std::filesystem::path& file) {
    const auto& proposals = run.replay.proposals;
    const bool same_machine = run.header.machines == machine_text();
    if (proposals.different > 0 || (same_machine && proposals.near > 0)) {
        print(fmt::format("{}: proposals: {} equal, {} within 1e-6 relative, {} different; the first one:\n",
                          file.string(), proposals.equal, proposals.near, proposals.different));
        print_difference(run, *(proposals.different > 0 ? proposals.first_different : proposals.first_near));
        if (!same_machine) print(fmt::format("  recorded on another CPU or build:\n{}\n", run.header.machines));
        return ExitCode::mismatch;
    }
    if (run.replay.models_equal + run.replay.models_different > 0) {
        std::printf("fitted models: %llu equal, %llu not\n", static_cast<unsigned long long>(run.replay.models_equal),
                    static_cast<unsigned long long>(run.replay.models_different));
        if (same_machine && run.replay.models_different > 0) return ExitCode::mismatch;
    }
    if (proposals.near > 0) {
        std::printf("proposals: %llu equal, %llu within 1e-6 relative (recorded on another CPU or build)\n",
                    static_cast<unsigned long long>(proposals.equal), static_cast<unsigned long long>(proposals.near));
    } else {
        std::printf("proposals: %llu equal (recorded on %s)\n", static_cast<unsigned long long>(proposals.equal),
                    same_machine ? "this CPU and build" : "another CPU or build");
    }
    return ExitCode::ok;
}

}  // namespace

namespace {

constexpr std::string_view damaged_table_remedy =
    "The log of inputs is whole: status, show and export read it; Python and HDF5 readers see the wrong value. Take a "
    "copy from before the damage, or write the tables anew: `stemma resume`";

/// Readers of the tables see what the log says. Returns false, with a message, if they do not.
bool verify_tables(const std::filesystem::path& file) {
    record::RunFileReader reader(file);
    const auto found = record::first_table_difference(reader);
    if (!found) {
        // Also columns that only a newer program knows.
        const auto damaged = reader.first_with_wrong_checksum();
        if (!damaged) return true;
        print(fmt::format("{}: table {}: its checksum is wrong. {}\n", file.string(), spec(*damaged).name.substr(1),
                          damaged_table_remedy));
        return false;
    }
    print(fmt::format("{}: table {}, row {}{}: holds {}, but the inputs and decisions give {}.\n  {}\n", file.string(),
                      found->table, found->row, found->column.empty() ? "" : ", column " + found->column,
                      found->recorded, found->derived, damaged_table_remedy));
    return false;
}

}  // namespace

namespace {

/// This holds by any rules: the tables follow from the log.
ExitCode verify_other_rules(const std::filesystem::path& file, const record::RunHeader& header) {
    if (!verify_tables(file)) return ExitCode::mismatch;
    print(fmt::format(
        "{}: decided by rules {}, this program has rules {}: its log and tables are whole; its decisions are not "
        "recomputed. stemma {} can\n",
        file.string(), header.rules, rules_version, header.program_version));
    return ExitCode::other_rules;
}

}  // namespace

ExitCode verify(const std::filesystem::path& file) {
    if (const auto header = record::RunFileReader(file).header(); header.rules != rules_version)
        return verify_other_rules(file, header);
    const auto run = open_run(file, true);
    if (run.replay.mismatch) {
        print(fmt::format(
            "{}: input {}: the recorded decisions differ from those that this build makes\n  recorded   {}\n  "
            "recomputed {}\n",
            file.string(), run.replay.mismatch->sequence, run.replay.mismatch->recorded,
            run.replay.mismatch->recomputed));
        return ExitCode::mismatch;
    }
    if (!verify_tables(file)) return ExitCode::mismatch;
    print(fmt::format("{}: {} inputs, {} decisions: every decision is the same when recomputed\n", file.string(),
                      run.replay.inputs, run.replay.decisions));
    return verify_proposals(run, file);
}

namespace {

/// True if a program writes to the run file, as far as this host can tell.
bool running(const std::filesystem::path& file) {
    return record::writer_of(file.string() + ".lock") != record::Writer::none;
}

}  // namespace

ExitCode front(const std::filesystem::path& file) {
    const auto run = open_run(file);
    if (run.manager.objectives().size() == 1) {
        throw UserError(fmt::format("{}: optimizes one metric, {}, and has no front; see `stemma status {}`",
                                    file.string(), printable_line(run.header.metric), file.string()));
    }
    const auto context = report_context(run, file);
    print(front_text(run.manager, context.metrics, context.unit, run.manager.front().size(), true));
    return ExitCode::ok;
}

ExitCode status(const std::filesystem::path& file) {
    const record::RunFileReader reader(file);
    const auto lacking = lacks_text(reader, file);
    if (reader.header().rules != rules_version) {
        print(log_report(file) + lacking);
        return ExitCode::ok;
    }
    const auto run = open_run(file);
    auto context = report_context(run, file);
    if (run.job.scheduler.population()) context.selection = population_texts(file).selection;
    if (context.ended.empty()) {
        const auto out = run.manager.totals().running;
        const auto out_text = fmt::format("{} training{} out", out, out == 1 ? "" : "s");
        context.ended = run.job.trainer.type->traits.asked ? out_text
                        : running(file)                    ? "running, " + out_text
                                                           : "not running: it was cut off, and can be resumed";
    }
    print(final_report(run.manager, context) + lacking);
    return ExitCode::ok;
}

namespace {

/// Collects the events of one member while the record streams by.
struct History {
    std::vector<std::vector<std::string>> curve;
    std::vector<std::string> events;
    LeaseId lease;
    BirthPlace place;
};

std::string row_text(double value) { return std::isnan(value) ? "-" : fmt::format("{:.5g}", value); }

std::string_view source_text(SourceKind kind) {
    switch (kind) {
        case SourceKind::scratch:
            return "from scratch";
        case SourceKind::local:
            return "from memory";
        case SourceKind::peer:
            return "from another worker";
        case SourceKind::disk:
            return "from disk";
    }
    return "?";
}

void follow(History& history, MemberId member, const record::Entry& entry) {
    if (const auto* report = std::get_if<input::Report>(&entry.input.body);
        report != nullptr && report->lease == history.lease) {
        for (const auto& row : report->rows) {
            std::vector<std::string> cells = {std::to_string(row.resource)};
            for (const auto value : row.values) cells.push_back(row_text(value));
            history.curve.push_back(std::move(cells));
        }
    }
    if (const auto* failed = std::get_if<input::Failure>(&entry.input.body);
        failed != nullptr && failed->lease == history.lease) {
        history.events.push_back(fmt::format("[{}] failed: {} {}: {}", clock_text(entry.input.time),
                                             name_of(failed->kind), printable_line(failed->type),
                                             indented(failed->message)));
    }
    for (const auto& effect : entry.effects) {
        if (const auto* born = std::get_if<effect::Born>(&effect); born != nullptr && born->place) {
            if (born->member == member) history.place = *born->place;
            if (born->place->replaced == member)
                history.events.push_back(
                    fmt::format("[{}] member {} takes its place", clock_text(entry.input.time), born->member.value));
        }
        if (const auto* noted = std::get_if<effect::Noted>(&effect);
            noted != nullptr && noted->kind == EventKind::selected && noted->member == member) {
            history.events.push_back(fmt::format("[{}] selected: a parent of generation {:.0f}",
                                                 clock_text(entry.input.time), noted->value));
        }
        if (const auto* assign = std::get_if<effect::Train>(&effect); assign != nullptr && assign->member == member) {
            history.lease = assign->lease;
            history.events.push_back(fmt::format(
                "[{}] lease {} on worker {}: {} to {}, {}", clock_text(entry.input.time), assign->lease.value,
                assign->worker.value, assign->from, assign->to, source_text(assign->source.kind)));
        }
    }
}

}  // namespace

ExitCode show(const std::filesystem::path& file, const std::string& name) {
    record::RunFileReader reader(file);
    const auto& header = reader.header();
    const auto job = open_job(header, file);
    const auto genealogy = read_genealogy(reader);
    const auto member = member_called(genealogy, file, name);
    History history;
    reader.entries([&](const record::Entry& entry) { follow(history, member, entry); });
    print(fmt::format("member {} of {}\n  configuration  {}\n  trained to     {}\n  seed           {}\n", member.value,
                      printable_line(header.name), job.space->describe(genealogy[member].configuration),
                      units_text(genealogy[member].reached(), header.unit),
                      derive_seed(header.seed, Purpose::training, member.value)));
    if (history.place.replaced.exists()) print(fmt::format("  took place of  {}\n", history.place.replaced.value));
    if (history.place.bracket.exists()) print(fmt::format("  bracket        {}\n", history.place.bracket.value));
    print("\n");
    for (const auto& line : history.events) print(fmt::format("  {}\n", line));
    std::vector<std::string> head = {printable_line(header.unit)};
    for (const auto& metric : header.metrics) head.push_back(printable_line(metric.name));
    print("\n" + table_text(head, history.curve));
    if (const auto lacking = lacks_text(reader, file); !lacking.empty()) print("\n" + lacking);
    return ExitCode::ok;
}

namespace {

/// Throws UserError if no search will ever obey a request.
record::RunHeader require_going_on(const std::filesystem::path& file) {
    record::RunFileReader reader(file);
    if (reader.finished()) {
        throw UserError(
            fmt::format("{}: the search has ended; `stemma resume {}` goes on with it", file.string(), file.string()));
    }
    if (open_job(reader.header(), file).trainer.type->traits.asked) {
        throw UserError(fmt::format(
            "{}: trainer.type = \"ask\": no search runs that could be told. To end it, call `stemma ask` no "
            "more; another budget is the job's, for a run file of its own",
            file.string()));
    }
    return reader.header();
}

/// Prints what becomes of a request: `running` if the search runs now, else `waiting`.
void print_outlook(const std::filesystem::path& file, const std::string& running, const std::string& waiting) {
    switch (record::writer_of(file.string() + ".lock")) {
        case record::Writer::here:
            print(fmt::format("asked: {}\n", running));
            return;
        case record::Writer::none:
            print(fmt::format("asked; no search runs just now: {}\n", waiting));
            return;
        case record::Writer::elsewhere:
            print(fmt::format("asked: {}. Should nothing run any more on the host that {}.lock names: {}\n", running,
                              file.string(), waiting));
            return;
    }
}

}  // namespace

ExitCode stop(const std::filesystem::path& file, std::optional<std::uint64_t> member) {
    const auto header = require_going_on(file);
    if (member) {
        append_control(file, header.run_id, unix_time(), input::MemberStopped{{*member}});
        print_outlook(
            file, fmt::format("member {} ends at its next boundary", *member),
            fmt::format("member {} ends at the next start by `stemma run --continue`, as batch scripts do", *member));
    } else {
        append_control(file, header.run_id, unix_time(), input::StopRequested{StopReason::user});
        print_outlook(file,
                      fmt::format("running leases end at their next boundary, then the search ends; `stemma resume {}` "
                                  "goes on",
                                  file.string()),
                      fmt::format("the next start by `stemma run --continue`, such as a job that waits in the queue, "
                                  "ends with exit code 4 before it trains; `stemma resume {}` goes on all the same",
                                  file.string()));
    }
    return ExitCode::ok;
}

ExitCode change_budget(const std::filesystem::path& file, const LimitChanges& limits) {
    if (!limits.any()) throw UserError("no limit given: see `stemma budget --help`");
    const auto header = require_going_on(file);
    const auto run = open_run(file);
    append_control(file, header.run_id, unix_time(), checked_request(run, limits));
    print_outlook(file, "the new limits hold from the search's next input on",
                  "the new limits hold from its next start on");
    return ExitCode::ok;
}

}  // namespace stemma
