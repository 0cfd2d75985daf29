#include "runtime/outbox.hpp"

#include "core/error.hpp"

namespace stemma {

namespace {

struct ToAddressed {
    const Manager& manager;
    bool peers_lost;

    std::optional<Addressed> operator()(const effect::Train& assign) const {
        const auto member = manager.member(assign.member);
        const auto& values = member.configuration;
        const auto parent = assign.adopted_from.value_or(MemberId::none());
        const auto parents = parent.exists() ? manager.member(parent).configuration : ConfigurationView{};
        return Addressed{assign.worker, message::Train{.lease = assign.lease,
                                                       .member = assign.member,
                                                       .seed = manager.training_seed(assign.member),
                                                       .from = assign.from,
                                                       .to = assign.to,
                                                       .max = manager.max_resource(),
                                                       .start = static_cast<message::StartFrom>(assign.source.kind),
                                                       .snapshot = assign.source.snapshot,
                                                       .owner = assign.source.owner,
                                                       .transfer = assign.source.transfer,
                                                       .bytes = assign.source.bytes,
                                                       .adopted = parent.exists(),
                                                       .configuration = {values.begin(), values.end()},
                                                       .parent_configuration = {parents.begin(), parents.end()},
                                                       .retried = assign.attempt > 0}};
    }
    std::optional<Addressed> operator()(const effect::Serve& serve) const {
        return Addressed{serve.owner, message::Serve{serve.transfer, serve.snapshot, serve.receiver}};
    }
    std::optional<Addressed> operator()(const effect::AbortTransfer& abort) const {
        return Addressed{abort.worker, message::AbortTransfer{abort.transfer}};
    }
    std::optional<Addressed> operator()(const effect::Drop& drop) const {
        return Addressed{drop.worker, message::Drop{drop.snapshot}};
    }
    std::optional<Addressed> operator()(const effect::Persist& persist) const {
        return Addressed{persist.worker, message::Persist{persist.snapshot}};
    }
    std::optional<Addressed> operator()(const effect::Cancel& cancel) const {
        return Addressed{cancel.worker, message::Cancel{cancel.lease}};
    }
    std::optional<Addressed> operator()(const effect::Dismiss& dismiss) const {
        return Addressed{dismiss.worker, message::Dismiss{peers_lost}};
    }
    std::optional<Addressed> operator()(const effect::Replicate& copy) const {
        return Addressed{copy.worker, message::Replicate{copy.transfer, copy.snapshot, copy.member, copy.resource,
                                                         copy.owner, copy.bytes}};
    }
    std::optional<Addressed> operator()(const effect::Born&) const { return std::nullopt; }
    std::optional<Addressed> operator()(const effect::Erase&) const { return std::nullopt; }
    std::optional<Addressed> operator()(const effect::Noted&) const { return std::nullopt; }
    std::optional<Addressed> operator()(const effect::Ended&) const { return std::nullopt; }
};

}  // namespace

std::optional<Addressed> to_message(const Effect& effect, const Manager& manager, bool peers_lost) {
    return std::visit(ToAddressed{manager, peers_lost}, effect);
}

Outbox::Outbox(Endpoint& endpoint, std::uint64_t run_id) {
    for (int rank = 1; rank < endpoint.size(); ++rank) packers_.emplace_back(endpoint, rank, run_id);
}

void Outbox::add(std::span<const Effect> effects, const Manager& manager) {
    for (const auto& effect : effects) {
        if (const auto addressed = to_message(effect, manager, peers_lost_)) add(addressed->worker, addressed->message);
    }
}

void Outbox::add(WorkerId worker, const message::ToWorker& message) {
    ensure(worker.value > 0 && worker.value <= packers_.size(), "messages go to workers of this run");
    auto& packer = packers_[worker.value - 1];
    if (packer.empty()) touched_.push_back(worker.value - 1);
    packer.add(message);
}

void Outbox::flush() {
    for (const auto index : touched_) packers_[index].flush();
    touched_.clear();
}

}  // namespace stemma
