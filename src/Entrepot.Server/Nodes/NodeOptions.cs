namespace Entrepot.Server.Nodes;

/// <summary>How nodes are watched.</summary>
public sealed record NodeOptions
{
    /// <summary>How often every edge sends a heart-beat. Default 5 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Heart-beats missed in a row that take a node out. Default 3 (Kraken's health checks; HAProxy <c>fall 3</c>).</summary>
    public int MissedLimit { get; init; } = 3;

    /// <summary>Good heart-beats in a row that bring a node in. Default 2 (Kraken; HAProxy <c>rise 2</c>).</summary>
    public int GoodLimit { get; init; } = 2;

    /// <summary>Most nodes known at once. Default 1,000.</summary>
    public int MaxNodes { get; init; } = 1_000;

    /// <summary>After so long out, a node is forgotten. Default 24 h: long enough to find it in <c>/v1/nodes</c> the morning after.</summary>
    public TimeSpan ForgetAfter { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Time in which an error's weight halves. Default 30 s.</summary>
    public TimeSpan ErrorHalfLife { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Silence after which a node is out.</summary>
    public TimeSpan Patience => MissedLimit * Interval;
}
