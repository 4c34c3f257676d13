namespace Entrepot.Server.Hosting;

/// <summary>What one surface grants a client. Every default says whom it follows.</summary>
public sealed record SurfaceLimits
{
    /// <summary>Open connections at once, 1–1,000,000. Default 20,000: twice what a rack of clients holds open, and within the
    /// descriptor limit that <c>doctor</c> asks for. Further connections are closed at once.</summary>
    public int Connections { get; init; } = 20_000;

    /// <summary>Time to send all request headers. Default 30 s (Kestrel; nginx has 60 s).</summary>
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time a connection may be idle between requests. Default 75 s (nginx <c>keepalive_timeout</c>).</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>Size of all request headers together, in bytes. Default 32 KiB (Kestrel; nginx has 4 × 8 KiB). Larger: 431.</summary>
    public int HeaderBytes { get; init; } = 32 * 1024;

    /// <summary>Size of the request line in bytes. Default 8 KiB (Kestrel and nginx). Larger: 414.</summary>
    public int RequestLineBytes { get; init; } = 8 * 1024;

    /// <summary>Slowest rate in bytes per second at which a body may come or go, after five seconds of grace. Default 240 (Kestrel).</summary>
    public double MinimumRate { get; init; } = 240;

    /// <summary>HTTP/2 streams of one connection at once. Default 128 (nginx <c>http2_max_concurrent_streams</c>).</summary>
    public int StreamsPerConnection { get; init; } = 128;

    /// <summary>Time that requests in progress get when the node stops. Default 30 s.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
