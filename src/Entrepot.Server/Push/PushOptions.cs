namespace Entrepot.Server.Push;

/// <summary>Limits of the push surface.</summary>
public sealed record PushOptions
{
    /// <summary>Largest file in bytes; null, the default, for no limit but the disk.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>Uploads that are received at once, 1–40. Default 32: each may hold a block of the shared pool of 48 while its client
    /// is slow, and some must stay free.</summary>
    public int Concurrent { get; init; } = 32;

    /// <summary>Uploads that wait for their turn. Default 128; one more is answered with 503.</summary>
    public int Waiting { get; init; } = 128;

    /// <summary>Longest wait for a turn. Default 60 s, nginx's <c>client_body_timeout</c>.</summary>
    public TimeSpan WaitTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Largest JSON document in bytes. Default 64 MiB: a publication of some 300,000 files.</summary>
    public long MaxDocumentBytes { get; init; } = 64L << 20;

    /// <summary>Most digests in one question for missing blobs. Default 10,000.</summary>
    public int MaxDigests { get; init; } = 10_000;
}
