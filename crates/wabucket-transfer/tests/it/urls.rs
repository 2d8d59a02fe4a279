//! Files behind URLs that expire.
