#include "runtime/replay.hpp"

#include <algorithm>

namespace stemma {

namespace {

/// Kind numbers and encoded bytes in hex: enough to see where two answers differ.
std::string show(const Effects& effects) {
    std::string text;
    for (const auto& effect : effects) {
        Bytes bytes;
        record::encode(effect, bytes);
        text += text.empty() ? "" : " | ";
        for (const auto byte : bytes) {
            constexpr char digits[] = "0123456789abcdef";
            text += digits[std::to_integer<unsigned>(byte) >> 4U];
            text += digits[std::to_integer<unsigned>(byte) & 15U];
        }
    }
    return text.empty() ? "nothing" : text;
}

void compare_model(const Manager& manager, const input::ModelFitted& recorded, ReplayResult& result) {
    const auto wanted = manager.wanted_fits();
    const auto found = std::ranges::find(wanted, recorded.number, &WantedFit::number);
    if (found != wanted.end() && found->timed) return;  // a measurement, which has no second
    // A fit that is not wanted here means that proposals differ already. That is reported.
    const bool equal = found != wanted.end() && found->fit->run() == recorded.model;
    ++(equal ? result.models_equal : result.models_different);
}

void flatten(const Effects& effects, Bytes& out) {
    out.clear();
    for (const auto& effect : effects) record::encode(effect, out);
}

}  // namespace

ReplayResult replay(Manager& manager, const std::function<void(const std::function<void(const record::Entry&)>&)>& each,
                    bool fit_again) {
    ReplayResult result;
    Effects effects;
    Bytes recorded;
    Bytes recomputed;
    each([&](const record::Entry& entry) {
        if (result.mismatch) return;
        effects.clear();
        const auto* fitted = std::get_if<input::ModelFitted>(&entry.input.body);
        if (fitted != nullptr && fit_again) compare_model(manager, *fitted, result);
        manager.replay(entry.input, entry.effects, effects, result.proposals);
        flatten(entry.effects, recorded);
        flatten(effects, recomputed);
        if (recorded != recomputed) {
            result.mismatch = Mismatch{entry.input.sequence, show(entry.effects), show(effects)};
            return;
        }
        ++result.inputs;
        result.decisions += effects.size();
        result.last_time = entry.input.time;
        if (std::holds_alternative<input::IncarnationStarted>(entry.input.body)) ++result.incarnations;
    });
    return result;
}

}  // namespace stemma
