// The helper process: one thread, poll(2) over the control socket, SIGCHLD and one socket a program.

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "core/bytes.hpp"
#include "trainer/process/environment.hpp"
#include "trainer/process/starter.hpp"

namespace stemma::detail {
namespace {

struct Request {
    std::vector<std::string> words;
    std::vector<std::string> environment;
    std::string scratch;
    std::array<Descriptor, request_descriptors> descriptors;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

/// Nothing when the other end is closed.
std::optional<std::array<Descriptor, request_descriptors>> receive(int control) {
    std::array<int, request_descriptors> numbers{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof numbers)> space{};
    char byte = 0;
    iovec content{&byte, 1};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = space.data();
    message.msg_controllen = space.size();
    ssize_t got = 0;
    do {
        got = ::recvmsg(control, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    const auto* header = got == 1 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (header == nullptr || header->cmsg_len != CMSG_LEN(sizeof numbers)) return std::nullopt;
    std::memcpy(numbers.data(), CMSG_DATA(header), sizeof numbers);
    std::array<Descriptor, request_descriptors> out;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        // Clear of the numbers that the program will find its own at.
        out[i] = Descriptor(::fcntl(numbers[i], F_DUPFD_CLOEXEC, 16));
        ::close(numbers[i]);
    }
    return out;
}

Request read_request(std::array<Descriptor, request_descriptors> descriptors) {
    const int file = descriptors[request_text].number();
    struct stat about {};
    ::fstat(file, &about);
    Bytes text(static_cast<std::size_t>(about.st_size));
    if (::pread(file, text.data(), text.size(), 0) != about.st_size) throw DecodeError("a request was cut short");
    Request request;
    ByteReader in(text);
    in.get(request.words);
    in.get(request.environment);
    in.get(request.scratch);
    request.descriptors = std::move(descriptors);
    return request;
}

/// In the new process: becomes the program, or writes errno to `trouble`.
[[noreturn]] void become(Request& request, pid_t helper, int trouble) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != helper) ::_exit(127);  // it died before the line above
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGCHLD}) ::signal(signal, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(nothing, 0);
    ::dup2(request.descriptors[child_output].number(), 1);
    ::dup2(request.descriptors[child_output].number(), 2);
    ::dup2(request.descriptors[child_reads].number(), child_read_descriptor);
    ::dup2(request.descriptors[child_writes].number(), child_write_descriptor);
    ::execvpe(request.words.front().c_str(), pointers(request.words).data(), pointers(request.environment).data());
    const int why = errno;
    static_cast<void>(!::write(trouble, &why, sizeof why));
    ::_exit(127);
}

void tell(const Descriptor& life, HelperNote::Kind kind, int value) {
    const HelperNote note{kind, value};
    static_cast<void>(::send(life.number(), &note, sizeof note, MSG_NOSIGNAL));
}

class Helper {
public:
    explicit Helper(int control) : control_(control) {
        sigset_t child;
        ::sigemptyset(&child);
        ::sigaddset(&child, SIGCHLD);
        ::sigprocmask(SIG_BLOCK, &child, nullptr);
        signals_ = Descriptor(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    }

    void run() {
        while (step()) {
        }
        for (const auto& [pid, life] : children_) ::kill(-pid, SIGKILL);
        for (const auto& [pid, life] : children_) ::waitpid(pid, nullptr, 0);
        std::error_code ignored;
        for (const auto& folder : scratch_) std::filesystem::remove_all(folder, ignored);
    }

private:
    /// One round; false when the owner is gone.
    bool step() {
        std::vector<pollfd> watched{{control_, POLLIN, 0}, {signals_.number(), POLLIN, 0}};
        std::vector<pid_t> order;
        for (const auto& [pid, life] : children_) {
            if (!life) continue;
            watched.push_back({life.number(), POLLIN, 0});
            order.push_back(pid);
        }
        if (::poll(watched.data(), watched.size(), -1) < 0) return errno == EINTR;
        for (std::size_t i = 0; i < order.size(); ++i) {
            if (watched[i + 2].revents == 0) continue;
            ::kill(-order[i], SIGKILL);  // its owner wants it no more
            children_.at(order[i]).close();
        }
        if (watched[1].revents != 0) reap();
        if (watched[0].revents == 0) return true;
        auto descriptors = receive(control_);
        if (!descriptors) return false;
        start(std::move(*descriptors));
        return true;
    }

    void reap() {
        signalfd_siginfo drained;
        while (::read(signals_.number(), &drained, sizeof drained) > 0) {
        }
        siginfo_t who{};
        while (::waitid(P_ALL, 0, &who, WEXITED | WNOHANG | WNOWAIT) == 0 && who.si_pid != 0) {
            // What it left behind, while its number cannot be given to another process yet.
            ::kill(-who.si_pid, SIGKILL);
            int status = 0;
            ::waitpid(who.si_pid, &status, 0);
            if (const auto at = children_.find(who.si_pid); at != children_.end()) {
                if (at->second) tell(at->second, HelperNote::Kind::ended, status);
                children_.erase(at);
            }
            who = {};
        }
    }

    void start(std::array<Descriptor, request_descriptors> descriptors) {
        auto request = read_request(std::move(descriptors));
        if (!request.scratch.empty()) scratch_.insert(request.scratch);
        auto life = std::move(request.descriptors[child_life]);
        int trouble[2];
        if (::pipe2(trouble, O_CLOEXEC) != 0) return tell(life, HelperNote::Kind::refused, errno);
        const Descriptor reads(trouble[0]);
        Descriptor writes(::fcntl(trouble[1], F_DUPFD_CLOEXEC, 16));
        ::close(trouble[1]);
        const pid_t helper = ::getpid();
        const pid_t pid = ::fork();
        if (pid == 0) become(request, helper, writes.number());
        writes.close();
        if (pid < 0) return tell(life, HelperNote::Kind::refused, errno);
        ::setpgid(pid, pid);  // here too: whichever of the two comes first
        int why = 0;
        if (::read(reads.number(), &why, sizeof why) == static_cast<ssize_t>(sizeof why)) {
            ::waitpid(pid, nullptr, 0);
            return tell(life, HelperNote::Kind::refused, why);
        }
        tell(life, HelperNote::Kind::started, pid);
        children_.emplace(pid, std::move(life));
    }

    int control_;
    Descriptor signals_;
    std::map<pid_t, Descriptor> children_;  ///< with the socket that tells of their ends
    std::set<std::string> scratch_;
};

}  // namespace

void run_helper(int control) {
    ::prctl(PR_SET_NAME, "stemma-helper");
    // Signals of a terminal or a launcher are for the process that it helps; it ends when that one does.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE}) ::signal(signal, SIG_IGN);
    // Descriptors of the process that it was forked from would stay open for as long as it lives.
    const int own = ::dup2(control, 3);
    ::fcntl(own, F_SETFD, FD_CLOEXEC);
    ::close_range(4, ~0U, 0);
    try {
        Helper(own).run();
    } catch (const std::exception& error) {
        ::dprintf(STDERR_FILENO, "stemma: the helper that starts programs: %s\n", error.what());
    }
}

}  // namespace stemma::detail
