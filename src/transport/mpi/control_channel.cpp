#include "transport/mpi/control_channel.hpp"

#include <algorithm>
#include <utility>

#include "transport/messages.hpp"
#include "transport/mpi/failures.hpp"
#include "transport/mpi/requests.hpp"
#include "transport/mpi/tags.hpp"

namespace stemma {
namespace {

// Every block starts with its number in the sequence from one rank to the other. Receives posted for any rank may
// complete in another order than they were matched in. A dead sender must not delay the other senders.
constexpr std::size_t number_bytes = sizeof(std::uint64_t);
constexpr std::size_t block_bytes_max = message::frame_bytes_max + number_bytes;
/// Blocks in flight to one rank at a time. Two keep the wire busy; the rest waits here and is coalesced meanwhile.
constexpr int in_flight_max = 2;

}  // namespace

ControlChannel::ControlChannel(const boost::mpi::communicator& communicator, Wakeups& wakeups, std::size_t receives)
    : communicator_(communicator),
      wakeups_(wakeups),
      outboxes_(static_cast<std::size_t>(communicator.size())),
      inboxes_(outboxes_.size()),
      gone_(outboxes_.size()),
      buffers_(receives, Bytes(block_bytes_max)),
      receives_(receives, MPI_REQUEST_NULL),
      indices_(receives),
      statuses_(receives) {
    for (std::size_t slot = 0; slot < receives; ++slot) post(slot);
}

ControlChannel::~ControlChannel() {
    // Nothing waits here, because the other end may be gone. Memory that MPI may still access is left to MPI.
    const auto let_go = [](MPI_Request& request, Bytes& memory) {
        int done = 0;
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
        if (done == 0) mpi_detail::leave_to_mpi(memory);
    };
    for (std::size_t slot = 0; slot < receives_.size(); ++slot) {
        if (receives_[slot] != MPI_REQUEST_NULL) MPI_Cancel(&receives_[slot]);
        let_go(receives_[slot], buffers_[slot]);
    }
    for (std::size_t i = 0; i < sends_.size(); ++i) let_go(send_requests_[i], sends_[i].block);
}

void ControlChannel::send(int to, Bytes frames) {
    ensure(frames.size() <= message::frame_bytes_max, "a block of frames is too long");
    ensure(to >= 0 && to < communicator_.size() && to != communicator_.rank(), "a message to a rank that is not there");
    auto& outbox = outboxes_[static_cast<std::size_t>(to)];
    if (gone_[static_cast<std::size_t>(to)] || frames.empty()) return;
    if (outbox.blocks.empty()) waiting_.push_back(to);
    if (!outbox.blocks.empty() && outbox.blocks.back().size() + frames.size() <= block_bytes_max) {
        auto& last = outbox.blocks.back();
        append(last, frames);
        return;
    }
    Bytes block(number_bytes, std::byte{0});
    block.reserve(number_bytes + frames.size());
    append(block, frames);
    outbox.blocks.push_back(std::move(block));
}

void ControlChannel::progress(std::deque<Arrival>& arrivals) {
    finish_sends(arrivals);
    launch();
    take_receives(arrivals);
}

void ControlChannel::post(std::size_t slot) {
    const auto receive = [&] {
        return MPI_Irecv(buffers_[slot].data(), static_cast<int>(block_bytes_max), MPI_BYTE, MPI_ANY_SOURCE,
                         control_tag, communicator_, &receives_[slot]);
    };
    // MPI refuses the receive once more after a rank has died, until that failure is acknowledged.
    if (receive() == MPI_SUCCESS) return;
    died_ = acknowledged_failures(communicator_);
    mpi_detail::check(receive(), "MPI_Irecv");
}

void ControlChannel::launch() {
    std::erase_if(waiting_, [this](int to) { return launch_to(to); });
}

/// Returns true when nothing waits for `to` any more.
bool ControlChannel::launch_to(int to) {
    auto& outbox = outboxes_[static_cast<std::size_t>(to)];
    while (!outbox.blocks.empty() && outbox.in_flight < in_flight_max) {
        auto block = std::move(outbox.blocks.front());
        outbox.blocks.pop_front();
        std::memcpy(block.data(), &outbox.sent, number_bytes);
        ++outbox.sent;
        MPI_Request request = MPI_REQUEST_NULL;
        const auto code =
            MPI_Isend(block.data(), static_cast<int>(block.size()), MPI_BYTE, to, control_tag, communicator_, &request);
        if (code != MPI_SUCCESS) request = MPI_REQUEST_NULL;  // finish_sends() finds and reports it
        wakeups_.wake(to);
        ++outbox.in_flight;
        send_requests_.push_back(request);
        sends_.push_back({code == MPI_SUCCESS ? to : ~to, std::move(block)});
    }
    return outbox.blocks.empty();
}

void ControlChannel::finish_sends(std::deque<Arrival>& arrivals) {
    for (std::size_t i = 0; i < sends_.size();) {
        const bool refused = sends_[i].to < 0;
        const auto to = refused ? ~sends_[i].to : sends_[i].to;
        int done = 0;
        const auto code = MPI_Test(&send_requests_[i], &done, MPI_STATUS_IGNORE);
        if (refused || code != MPI_SUCCESS) {
            gone(to, arrivals);
        } else if (done == 0) {
            ++i;
            continue;
        }
        --outboxes_[static_cast<std::size_t>(to)].in_flight;
        send_requests_[i] = send_requests_.back();
        send_requests_.pop_back();
        std::swap(sends_[i], sends_.back());
        sends_.pop_back();
    }
}

void ControlChannel::take_receives(std::deque<Arrival>& arrivals) {
    int count = 0;
    const auto code =
        MPI_Testsome(static_cast<int>(receives_.size()), receives_.data(), &count, indices_.data(), statuses_.data());
    if (count == MPI_UNDEFINED) return;
    for (int i = 0; i < count; ++i) {
        const auto slot = static_cast<std::size_t>(indices_[static_cast<std::size_t>(i)]);
        const auto& status = statuses_[static_cast<std::size_t>(i)];
        const auto from = status.MPI_SOURCE;
        const bool known = from >= 0 && from < communicator_.size();
        if (code == MPI_ERR_IN_STATUS && status.MPI_ERROR != MPI_SUCCESS) {
            // This error of a receive from any rank only says that a rank has died. The receive may still be posted; if
            // so it goes on.
            if (known) gone(from, arrivals);
            died_ = acknowledged_failures(communicator_);
            if (receives_[slot] != MPI_REQUEST_NULL) continue;
        } else {
            int bytes = 0;
            MPI_Get_count(&status, MPI_BYTE, &bytes);
            const auto& buffer = buffers_[slot];
            accept(from, Bytes(buffer.begin(), buffer.begin() + bytes), arrivals);
        }
        post(slot);
    }
    for (const auto peer : std::exchange(died_, {})) gone(peer, arrivals);
}

void ControlChannel::accept(int from, Bytes block, std::deque<Arrival>& arrivals) {
    ensure(block.size() >= number_bytes, "a block of frames without its number");
    std::uint64_t number = 0;
    std::memcpy(&number, block.data(), number_bytes);
    block.erase(block.begin(), block.begin() + number_bytes);
    auto& inbox = inboxes_[static_cast<std::size_t>(from)];
    inbox.early.emplace(number, std::move(block));
    while (!inbox.early.empty() && inbox.early.begin()->first == inbox.delivered) {
        arrivals.emplace_back(FramesArrived{from, std::move(inbox.early.begin()->second)});
        inbox.early.erase(inbox.early.begin());
        ++inbox.delivered;
    }
}

void ControlChannel::gone(int peer, std::deque<Arrival>& arrivals) {
    if (gone_[static_cast<std::size_t>(peer)]) return;
    gone_[static_cast<std::size_t>(peer)] = true;
    outboxes_[static_cast<std::size_t>(peer)].blocks.clear();
    arrivals.emplace_back(PeerGone{peer});
}

}  // namespace stemma
