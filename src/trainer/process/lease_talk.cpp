#include "trainer/process/lease_talk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <system_error>

#include "core/suggest.hpp"

namespace stemma {
namespace {

using std::chrono::milliseconds;

std::string unread_note(const std::vector<std::string>& names) {
    return fmt::format("the program has not read {} of [space]: what is not read has no effect",
                       fmt::join(names, ", "));
}

/// Seconds after the failure of one process in which the others may tell of theirs.
constexpr double others_time = 1;

/// A failure, thrown to end the conversation.
struct Ended {
    TalkFailed how;
};

}  // namespace

template <class Body>
TalkEnd LeaseTalk::guarded(const Body& body) {
    try {
        if (body()) return std::move(trained_);
        return std::monostate();
    } catch (Ended& ended) {
        return std::move(ended.how);
    }
}

TalkEnd LeaseTalk::begin(bool only) {
    return guarded([&] {
        if (only) {
            group().look();
            if (auto early = group().next(milliseconds(0))) said_between(*early);
        }
        for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
            if (only) group().program(rank).output().clear();
            group().line(rank).send(lease_json(text_for(rank)));
        }
        heard();
        return false;
    });
}

TalkEnd LeaseTalk::take(const GroupEvent& event) {
    return guarded([&] {
        const auto rank = event.rank;
        if (const auto* ended = std::get_if<ChildEnded>(&event.event)) fail_ended(rank, *ended);
        if (const auto* garbled = std::get_if<ChildGarbled>(&event.event)) fail_garbled(rank, *garbled);
        return hears(rank, parse(rank, std::get<ChildSaid>(event.event).json));
    });
}

TalkEnd LeaseTalk::hear(std::size_t rank, const FromChild& message) {
    return guarded([&] { return hears(rank, message); });
}

TalkEnd LeaseTalk::check(std::uint64_t memory) {
    return guarded([&] {
        ask_to_stop();
        check_deadlines();
        const auto allowed = talk_.settings->memory;
        if (allowed > 0 && memory > allowed) {
            fail(0, FailureKind::out_of_memory, "trainer.memory",
                 fmt::format("the program and what it started used {} MiB of memory; trainer.memory allows {} MiB",
                             memory >> 20U, allowed >> 20U));
        }
        return false;
    });
}

LeaseText LeaseTalk::text_for(std::size_t rank) const {
    const auto& scratch = *talk_.scratch;
    LeaseText text{talk_.lease, &request_, request_.from > 0 ? scratch.start_file(talk_.slot) : "",
                   rank == 0 ? scratch.save_file(talk_.slot) : scratch.own_save_file(rank), talk_.settings->run_seed};
    const auto* meeting = group().rendezvous();
    if (meeting != nullptr || group().launched()) {
        text.group = GroupText{rank, ranks_.size(), meeting != nullptr ? meeting->address() : "",
                               meeting != nullptr ? meeting->port() : std::uint16_t{0},
                               request_.from > 0 && rank > 0 ? scratch.own_start(rank) : ""};
    }
    return text;
}

/// `what` of the process that it came from.
std::string LeaseTalk::from(std::size_t rank, std::string what) const {
    return alone() ? what : fmt::format("process {} of {}: {}", rank, ranks_.size(), what);
}

void LeaseTalk::fail(std::size_t rank, FailureKind kind, std::string type, std::string message, bool usable) {
    throw Ended{{{kind, std::move(type), with_output(from(rank, std::move(message)), group(), rank), reached()},
                 usable,
                 !usable && ended_ && !said_}};
}
void LeaseTalk::fail_protocol(std::size_t rank, const std::string& what) {
    fail(rank, FailureKind::exception, "protocol",
         what + " (docs/process-protocol.md; `stemma conform` tries a program)");
}
void LeaseTalk::fail_garbled(std::size_t rank, const ChildGarbled& garbled) {
    ended_ = garbled.closed;
    fail_protocol(rank, garbled.what);
}
void LeaseTalk::fail_ended(std::size_t rank, const ChildEnded& ended) {
    ended_ = true;
    fail(rank, FailureKind::exception, ended.how,
         fmt::format("the program ended in the middle of a lease: {}{}", ended.how,
                     ended.killed ? "; if the kernel did that for want of memory (dmesg says so), trainer.memory sets "
                                    "a limit that is seen before"
                                  : ""));
}

/// A message that came before the lease was given: the program is out of step.
void LeaseTalk::said_between(const GroupEvent& event) {
    if (const auto* ended = std::get_if<ChildEnded>(&event.event)) fail_ended(event.rank, *ended);
    if (const auto* garbled = std::get_if<ChildGarbled>(&event.event)) fail_garbled(event.rank, *garbled);
    static_cast<void>(parse(event.rank, std::get<ChildSaid>(event.event).json));
    fail_protocol(
        event.rank,
        "a message came between two leases: each lease ends with one report or failure, and nothing after it");
}

FromChild LeaseTalk::parse(std::size_t rank, const std::string& json) {
    try {
        return parse_from_child(json);
    } catch (const ProtocolError& error) {
        fail_protocol(rank, error.what());
    }
}

void LeaseTalk::heard() {
    if (talk_.settings->silence_timeout > 0) silent_until_ = clock_.now() + talk_.settings->silence_timeout;
}

void LeaseTalk::ask_to_stop() {
    if (stop_until_ || request_.stop == nullptr || !request_.stop->load(std::memory_order_relaxed)) return;
    group().line(0).send(stop_json(talk_.lease));
    // Several processes agree on the next unit as the last one, and several members look once for each unit.
    const bool agreed = !alone() || talk_.settings->at_once > 1;
    stop_until_ = clock_.now() + (agreed ? 2 : 1) * talk_.settings->stop_timeout;
}

/// The first process that has not ended its training.
std::size_t LeaseTalk::waited_for() const {
    const auto at = std::ranges::find_if(ranks_, [](const RankState& rank) { return !rank.report; });
    return at == ranks_.end() ? 0 : static_cast<std::size_t>(at - ranks_.begin());
}

void LeaseTalk::check_deadlines() {
    const double now = clock_.now();
    const auto late = waited_for();
    if (stop_until_ && now > *stop_until_) {
        fail(late, FailureKind::timed_out, "stop_timeout",
             fmt::format("the program was told to stop and had not reported after {:g} s (trainer.stop_timeout)",
                         talk_.settings->stop_timeout));
    }
    if (others_until_ && now > *others_until_) {
        fail(late, FailureKind::timed_out, "stop_timeout",
             fmt::format("it had not ended its training {:g} s after process 0 reported (trainer.stop_timeout)",
                         talk_.settings->stop_timeout));
    }
    if (silent_until_ && now > *silent_until_) {
        fail(late, FailureKind::timed_out, "silence_timeout",
             fmt::format("the program sent nothing for {:g} s (trainer.silence_timeout)",
                         talk_.settings->silence_timeout));
    }
}

void LeaseTalk::require_lease(std::size_t rank, std::uint64_t lease, const char* what) {
    if (lease == talk_.lease) return;
    fail_protocol(rank, fmt::format("a {} of lease {} came during lease {}: each lease is reported once", what, lease,
                                    talk_.lease));
}

/// In the order of the job's metrics. Nothing where the message has no value; a NaN in the message is a value.
std::vector<std::optional<double>> LeaseTalk::row_of(const NamedMetrics& metrics) {
    const auto& known = talk_.settings->metrics;
    std::vector<std::optional<double>> values(known.size());
    for (const auto& [name, value] : metrics) {
        const auto at = std::ranges::find(known, name, &MetricInfo::name);
        if (at == known.end()) {
            std::vector<std::string> names;
            for (const auto& metric : known) names.push_back(metric.name);
            fail_protocol(0, "metric \"" + name + "\" is not in trainer.metrics of the job" +
                                 did_you_mean(name, names) +
                                 "; the program or [metric] and trainer.metrics must change");
        }
        values[static_cast<std::size_t>(at - known.begin())] = value;
    }
    return values;
}

void LeaseTalk::add_row(Resource at, const NamedMetrics& metrics, bool last) {
    auto& rows = trained_.rows;
    const auto before = rows.empty() ? request_.from : rows.back().resource;
    const bool same = last && !rows.empty() && at == before;
    if (at > request_.to || (at <= before && !same)) {
        fail_protocol(0, fmt::format("\"at\" is {}, but the lease goes from {} to {} and {} was reached", at,
                                     request_.from, request_.to, before));
    }
    const auto values = row_of(metrics);
    if (!same) {
        rows.push_back({at, std::vector<double>(values.size(), std::numeric_limits<double>::quiet_NaN())});
        last_.assign(values.size(), std::nullopt);
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!values[i]) continue;
        last_[i] = values[i];
        rows.back().values[i] = *values[i];
    }
    // The progress of the last unit was shown already. The report only adds to it.
    if (!same && request_.progress && at > talk_.told) request_.progress(rows.back());
}

/// True when the lease has ended well.
bool LeaseTalk::hears(std::size_t rank, const FromChild& message) {
    // The others may have nothing to say before their ends. Process 0 tells of the training.
    if (rank == 0 || ranks_[0].report) heard();
    said_ = true;
    note(rank, message);
    if (ranks_[rank].failure) fail_told(rank);
    if (!std::ranges::all_of(ranks_, [](const RankState& state) { return state.report.has_value(); })) return false;
    finish();
    return true;
}

void LeaseTalk::note(std::size_t rank, const FromChild& message) {
    if (ranks_[rank].report) fail_protocol(rank, "a message came after the report, which ends the lease");
    if (const auto* progress = std::get_if<ChildProgress>(&message)) {
        require_lease(rank, progress->lease, "progress");
        if (rank == 0) add_row(progress->at, progress->metrics, false);
    } else if (const auto* failure = std::get_if<ChildFailure>(&message)) {
        require_lease(rank, failure->lease, "failure");
        ranks_[rank].failure = *failure;
    } else if (const auto* unit = std::get_if<ChildUnit>(&message)) {
        require_lease(rank, unit->lease, "unit");
        pass_on(rank, *unit);
    } else if (const auto* report = std::get_if<ChildReport>(&message)) {
        require_lease(rank, report->lease, "report");
        ranks_[rank].report = *report;
        if (rank == 0 && !alone()) others_until_ = clock_.now() + talk_.settings->stop_timeout;
    } else {
        fail_protocol(rank, "a hello came in the middle of a lease");
    }
}

/// The others learn from process 0 which unit is the last one. A stop that each hears by itself would reach them in
/// different units. Those that train one unit more would wait for the rest for ever.
void LeaseTalk::pass_on(std::size_t rank, const ChildUnit& unit) {
    if (rank != 0) fail_protocol(rank, "a unit is told by process 0 alone");
    for (std::size_t other = 1; other < ranks_.size(); ++other) group().line(other).send(unit_json(unit));
}

/// A failure that a process told of. Mostly the others fail, too: for the same reason, or because they miss that
/// process. If each tells of an end soon, all can be used further. A process that ends without a word is the cause
/// of exceptions that the others tell of before.
void LeaseTalk::fail_told(std::size_t first) {
    const double until = clock_.now() + others_time;
    const auto answered = [](const RankState& state) { return state.failure || state.report; };
    while (!std::ranges::all_of(ranks_, answered) && clock_.now() < until) {
        const auto event = group().next(talk_tick);
        if (!event) continue;
        const auto* ended = std::get_if<ChildEnded>(&event->event);
        const bool silent = ended != nullptr && !answered(ranks_[event->rank]);
        if (silent && ranks_[first].failure->kind == FailureKind::exception) fail_ended(event->rank, *ended);
        const auto* said = std::get_if<ChildSaid>(&event->event);
        if (said == nullptr) break;
        try {
            note(event->rank, parse_from_child(said->json));
        } catch (const ProtocolError&) {
            break;
        }
    }
    const auto rank = cause(first);
    const auto& failure = *ranks_[rank].failure;
    fail(rank, failure.kind, failure.type.empty() ? "failure" : failure.type, failure.message,
         std::ranges::all_of(ranks_, answered));
}

/// The process whose failure says most. What the others tell of is often the loss of that process alone.
std::size_t LeaseTalk::cause(std::size_t first) const {
    const auto says_more = [](const RankState& state) {
        return state.failure && state.failure->kind != FailureKind::exception;
    };
    if (says_more(ranks_[first])) return first;
    const auto at = std::ranges::find_if(ranks_, says_more);
    return at == ranks_.end() ? first : static_cast<std::size_t>(at - ranks_.begin());
}

void LeaseTalk::finish() {
    const auto& report = *ranks_[0].report;
    if (report.at < request_.to && !stop_until_) {
        fail_protocol(
            0, fmt::format("the report is at {}, but nothing asked it to stop before {}", report.at, request_.to));
    }
    std::vector<std::size_t> keeping;
    for (std::size_t rank = 1; rank < ranks_.size(); ++rank) {
        if (ranks_[rank].report->at != report.at) {
            fail_protocol(rank, fmt::format("its report is at {}, and that of process 0 at {}: all end at the same "
                                            "unit, which process 0 tells",
                                            ranks_[rank].report->at, report.at));
        }
        if (ranks_[rank].report->snapshot) keeping.push_back(rank);
    }
    add_row(report.at, report.metrics, true);
    trained_.reached = report.at;
    trained_.processes = static_cast<std::uint32_t>(ranks_.size());
    require_finite();
    if (!report.unread.empty()) trained_.note = unread_note(report.unread);
    if (!report.snapshot) return;
    try {
        trained_.snapshot = talk_.scratch->take_saved(keeping, talk_.slot);
    } catch (const std::system_error& error) {
        fail(0, FailureKind::exception, "snapshot",
             fmt::format("the program reported a snapshot that cannot be read: {}", error.what()), true);
    }
}

/// Checks the last row, whichever messages its values came with.
void LeaseTalk::require_finite() {
    const auto& known = talk_.settings->metrics;
    const auto& needed = talk_.settings->needed_metrics;
    for (std::size_t i = 0; i < known.size(); ++i) {
        if (!last_[i] && std::ranges::find(needed, known[i].name) != needed.end()) {
            fail_protocol(0, "the report lacks " + known[i].name + ", by which the job ranks members");
        }
        if (known[i].held_out || !last_[i] || std::isfinite(*last_[i])) continue;
        fail(0, FailureKind::nonfinite, known[i].name, fmt::format("{} is {}", known[i].name, *last_[i]), true);
    }
}

std::string with_output(std::string what, ChildGroup& group, std::size_t rank) {
    group.look();  // reads output that has not been read yet
    const auto text = group.program(rank).output().text();
    if (text.empty()) return what;
    return what + (what.empty() ? "" : "\n") + "it printed last:\n" + text;
}

}  // namespace stemma
