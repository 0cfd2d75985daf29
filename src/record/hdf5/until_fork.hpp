#pragma once

namespace stemma::record {

/// Has children of fork() close this descriptor at once: they shall not keep an flock that belongs to their parent.
/// (A child that runs another program needs O_CLOEXEC only.) At most 16 at a time; more are not closed.
void close_at_fork(int descriptor);
/// No longer.
void keep_at_fork(int descriptor);

}  // namespace stemma::record
