#include "platform/worker_slots.hpp"

#include <charconv>

#include "core/error.hpp"

namespace stemma {

std::string to_text(const RankFacts& facts) {
    auto text = facts.host + '\t' + facts.cores;
    for (const auto& gpu : facts.gpus)
        text += '\t' + (gpu.uuid.empty() ? '-' + std::to_string(gpu.installed) : gpu.uuid);
    return text;
}

RankFacts facts_of(std::string_view text) {
    const auto field = [&text] {
        const auto end = text.find('\t');
        const auto value = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        return std::string(value);
    };
    RankFacts facts;
    facts.host = field();
    facts.cores = field();
    while (!text.empty()) {
        const auto known = field();
        Gpu gpu{.index = static_cast<int>(facts.gpus.size())};
        if (known.starts_with('-')) {
            std::from_chars(known.data() + 1, known.data() + known.size(), gpu.installed);
        } else {
            gpu.uuid = known;
        }
        facts.gpus.push_back(std::move(gpu));
    }
    return facts;
}

WorkerSlot slot_of(int rank, const std::vector<RankFacts>& ranks) {
    ensure(rank >= 1 && rank < std::ssize(ranks), "a worker's rank");
    const auto own = static_cast<std::size_t>(rank);
    WorkerSlot slot{.index = 0, .gpus = {}, .sharing = 0};
    for (std::size_t other = 1; other < ranks.size(); ++other) {
        if (ranks[other].host != ranks[own].host) continue;
        if (other == own) slot.index = slot.workers();
        if (ranks[other].cores == ranks[own].cores) ++slot.sharing;
        slot.gpus.push_back(ranks[other].gpus);
    }
    return slot;
}

}  // namespace stemma
