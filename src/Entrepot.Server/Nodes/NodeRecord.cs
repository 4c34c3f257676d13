using System.Collections.Immutable;
using System.Globalization;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Routing;
using Entrepot.Server.Api;

namespace Entrepot.Server.Nodes;

/// <summary>What is known of one node. Immutable; the methods are the whole state machine and take the time as an argument.</summary>
/// <remarks><c>joining → healthy</c> by two good heart-beats in a row; <c>healthy → out</c> by three missed ones; <c>out → healthy</c>
/// again by two good ones; any of them <c>→ draining</c> when the node says so, and back by two good ones. A heart-beat is good when it
/// comes before the patience with the one before has run out, and from the same address or the same running edge.</remarks>
internal sealed record NodeRecord
{
    /// <summary>More errors than this change nothing, so that a burst is forgotten in minutes.</summary>
    private const double MaxErrors = 100;

    public required NodeName Name { get; init; }

    public required HeartbeatRequest Last { get; init; }

    /// <summary>See <see cref="HeartbeatRequest.Instance"/>, which <see cref="Last"/> does not hold.</summary>
    public string? Instance { get; init; }

    public required DateTimeOffset LastSeen { get; init; }

    public required EdgeCondition Condition { get; init; }

    public required string Reason { get; init; }

    /// <summary>Good heart-beats in a row, as far as they matter.</summary>
    public required int Good { get; init; }

    /// <summary>Weight of recent errors at <see cref="ErrorsAt"/>.</summary>
    public double Errors { get; init; }

    public DateTimeOffset ErrorsAt { get; init; }

    /// <summary>The last reported error, for people.</summary>
    public string? LastError { get; init; }

    /// <summary>A node that is heard of for the first time.</summary>
    public static NodeRecord First(NodeName name, HeartbeatRequest beat, DateTimeOffset now, NodeOptions options)
    {
        var record = new NodeRecord
        {
            Name = name, Last = beat with { Instance = null }, Instance = beat.Instance, LastSeen = now, Condition = EdgeCondition.Joining, Reason = "", Good = 1,
            Errors = Math.Min(beat.RecentErrors, MaxErrors), ErrorsAt = now,
        };
        return record.Judge("It is new", options);
    }

    /// <summary>Takes in a heart-beat.</summary>
    public NodeRecord Beat(HeartbeatRequest beat, DateTimeOffset now, NodeOptions options)
    {
        // Whether the clock was looked at in between must make no difference.
        var before = Tick(now, options);
        var why = beat.Url != Last.Url && !IsSame(beat) ? $"It moved to {beat.Url}"
            : before.Condition == EdgeCondition.Out && before.Good == 0 ? "It is back"
            : before.Condition == EdgeCondition.Draining && !beat.Draining ? "It drains no more"
            : null;
        var record = before with
        {
            Last = beat with { Instance = null }, Instance = beat.Instance, LastSeen = now, Good = why is null ? Math.Min(before.Good + 1, options.GoodLimit) : 1,
            Errors = Math.Min(ErrorsNow(now, options) + beat.RecentErrors, MaxErrors), ErrorsAt = now,
        };
        return record.Judge(why, options);
    }

    /// <summary>True when the beat comes from the running edge that sent the last one, wherever it listens now.</summary>
    public bool IsSame(HeartbeatRequest beat) => beat.Instance is not null && beat.Instance == Instance;

    /// <summary>Looks at the clock.</summary>
    public NodeRecord Tick(DateTimeOffset now, NodeOptions options)
    {
        var silence = now - LastSeen;
        if (silence <= options.Patience || (Condition == EdgeCondition.Out && Good == 0))
            return this;
        return this with
        {
            Condition = EdgeCondition.Out, Good = 0,
            Reason = string.Create(
                CultureInfo.InvariantCulture,
                $"It missed {options.MissedLimit} heart-beats: the last came at {LastSeen.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z, one was due every {options.Interval.TotalSeconds:0.#} s."),
        };
    }

    /// <summary>Notes errors that others met with it.</summary>
    public NodeRecord Fail(double weight, string detail, DateTimeOffset now, NodeOptions options)
        => this with { Errors = Math.Min(ErrorsNow(now, options) + weight, MaxErrors), ErrorsAt = now, LastError = detail };

    /// <summary>Weight of recent errors at a moment.</summary>
    public double ErrorsNow(DateTimeOffset now, NodeOptions options)
    {
        var errors = Errors * Math.Pow(0.5, Math.Max(0, (now - ErrorsAt) / options.ErrorHalfLife));
        return errors < 0.01 ? 0 : errors;
    }

    /// <summary>The node as the selector sees it.</summary>
    public EdgeState ToEdge(DateTimeOffset now, NodeOptions options) => new(Name, Last.Url, SitesOf(Last))
    {
        Condition = Condition, ConditionReason = Reason, ActiveTransfers = Last.ActiveTransfers, RecentErrors = ErrorsNow(now, options),
        CacheBytes = Math.Min(Last.CapacityBytes, Last.HeldBytes + Last.FreeBytes),
        ChecksAddresses = Last.KeyEpoch >= now.ToUnixTimeSeconds() / 3600,
    };

    /// <summary>The node as <c>/v1/nodes</c> shows it.</summary>
    public NodeDocument ToDocument() => new(Last, LastSeen, TextOf(Condition), LastError is null ? Reason : $"{Reason} Last error: {LastError}") { Errors = Errors };

    /// <summary>What another node's registry shows of a node.</summary>
    /// <returns>Null when the name is none.</returns>
    public static NodeRecord? Of(NodeDocument document, DateTimeOffset now) => !NodeName.TryParse(document.Last.Node, out var name, out _) ? null : new NodeRecord
    {
        Name = name, Last = document.Last, LastSeen = document.LastSeen, Condition = ConditionOf(document.State), Reason = document.Reason, Good = 0,
        Errors = document.Errors, ErrorsAt = now,
    };

    /// <summary>The word for a condition.</summary>
    public static string TextOf(EdgeCondition condition) => condition switch
    {
        EdgeCondition.Joining => "joining",
        EdgeCondition.Healthy => "healthy",
        EdgeCondition.Out => "out",
        _ => "draining",
    };

    private static EdgeCondition ConditionOf(string text) => text switch
    {
        "healthy" => EdgeCondition.Healthy,
        "draining" => EdgeCondition.Draining,
        "joining" => EdgeCondition.Joining,
        _ => EdgeCondition.Out,
    };

    /// <summary>The sites of a node: names separated by commas.</summary>
    public static ImmutableArray<string> SitesOf(HeartbeatRequest beat)
        => [.. beat.Site.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];

    private NodeRecord Judge(string? why, NodeOptions options)
    {
        if (Last.Draining)
            return this with { Condition = EdgeCondition.Draining, Reason = "It asked for no new clients.", Good = 0 };
        if (Good >= options.GoodLimit)
            return Condition == EdgeCondition.Healthy
                ? this
                : this with { Condition = EdgeCondition.Healthy, Reason = $"It sent {options.GoodLimit} good heart-beats in a row." };
        return this with
        {
            Condition = Condition == EdgeCondition.Out ? EdgeCondition.Out : EdgeCondition.Joining,
            Reason = why is null ? Reason : $"{why}, with {Good} of {options.GoodLimit} good heart-beats in a row.",
        };
    }
}
