// Replay compares each answer with the record.
#include "runtime/replay.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "record/memory_journal.hpp"
#include "runtime/ask_tell_session.hpp"
#include "sampler/random.hpp"
#include "scheduler/gpbt.hpp"

namespace stemma {
namespace {

Manager fresh() {
    std::vector<Parameter> parameters(1);
    parameters[0].name = "lr";
    parameters[0].domain = Real{1e-4, 1, Scale::log, {}};
    const auto space = std::make_shared<const SearchSpace>(parameters);
    GpbtSettings settings;
    settings.children = 4;
    settings.interval = 1;
    settings.max = 3;
    settings.founders = 1;
    return {{}, *space, make_gpbt(settings), make_random_sampler(space, 1)};
}

/// A whole search.
std::vector<record::Entry> recorded() {
    auto manager = fresh();
    record::MemoryJournal journal;
    AskTellState state;
    AskTellSession session(
        manager, [&]() -> record::Journal& { return journal; }, state, 0);
    session.feed(input::IncarnationStarted{});
    while (!manager.ended()) {
        const auto lease = session.ask([](LeaseId) { return false; });
        if (!lease) break;
        session.feed(input::Report{.worker = lease->worker,
                                   .lease = lease->lease,
                                   .reached = lease->to,
                                   .seconds = 1,
                                   .snapshot_bytes = 10,
                                   .rows = {{lease->to, {1.0 / static_cast<double>(1 + lease->member.value % 5)}}}});
    }
    const auto entries = journal.committed();
    return {entries.begin(), entries.end()};
}

bool is_selection(const Effect& effect) {
    const auto* noted = std::get_if<effect::Noted>(&effect);
    return noted != nullptr && noted->kind == EventKind::selected;
}

ReplayResult replayed(const std::vector<record::Entry>& entries) {
    auto manager = fresh();
    return replay(manager, [&](const std::function<void(const record::Entry&)>& take) {
        for (const auto& entry : entries) take(entry);
    });
}

std::uint64_t decisions_in(const std::vector<record::Entry>& entries) {
    std::uint64_t count = 0;
    for (const auto& entry : entries) count += entry.effects.size();
    return count;
}

std::vector<record::Entry>::iterator first_selection(std::vector<record::Entry>& entries) {
    return std::ranges::find_if(
        entries, [](const record::Entry& entry) { return std::ranges::any_of(entry.effects, is_selection); });
}

TEST(Replay, WhatTheLogSaysIsCompared) {
    const auto entries = recorded();
    const auto equal = replayed(entries);
    EXPECT_FALSE(equal.mismatch);
    EXPECT_EQ(equal.inputs, entries.size());
    EXPECT_EQ(equal.decisions, decisions_in(entries));

    auto without_selection = entries;
    const auto at = first_selection(without_selection);
    ASSERT_NE(at, without_selection.end());
    std::erase_if(at->effects, is_selection);
    ASSERT_TRUE(replayed(without_selection).mismatch);
    EXPECT_EQ(replayed(without_selection).mismatch->sequence, at->input.sequence);

    auto other_bracket = entries;
    bool changed = false;
    for (auto& entry : other_bracket) {
        for (auto& effect : entry.effects) {
            auto* born = std::get_if<effect::Born>(&effect);
            if (born == nullptr || changed) continue;
            born->place->bracket = {7};
            changed = true;
        }
    }
    EXPECT_TRUE(replayed(other_bracket).mismatch);
}

}  // namespace
}  // namespace stemma
