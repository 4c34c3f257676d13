using System.Net;
using Entrepot.Ports.Firewalls.Evaluation;

namespace Entrepot.Ports.Firewalls.Proof;

/// <summary>What rules have changed so far about all packets of a set: the counterpart of <see cref="Situation"/>.</summary>
internal sealed record Change
{
    /// <summary>Null when not known.</summary>
    public uint? PacketMark { get; init; } = 0;

    /// <summary>Bits of the connection's mark that are as they came; null when the mark is not known.</summary>
    public uint? MarkKeep { get; init; } = uint.MaxValue;

    /// <summary>Bits of it that are turned over after that.</summary>
    public uint MarkFlip { get; init; }

    public bool Translated { get; init; }

    public bool ToSelf { get; init; }

    /// <summary>The new destination, when <see cref="HasNewDestination"/>; null when not known.</summary>
    public IPAddress? Destination { get; init; }

    public bool HasNewDestination { get; init; }

    /// <summary>The new port, when <see cref="HasNewPort"/>; null when not known.</summary>
    public int? Port { get; init; }

    public bool HasNewPort { get; init; }

    public bool Untracked { get; init; }

    /// <summary>False before connection tracking.</summary>
    public bool Tracked { get; init; }

    public string? OutInterface { get; init; }

    /// <summary>True when the packets are for this host, null when that is not known.</summary>
    public bool? IsLocal(HostView host)
        => !HasNewDestination || ToSelf ? true : Destination is null ? null : host.IsLocal(Destination);
}
