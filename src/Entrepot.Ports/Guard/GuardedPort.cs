using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Inventory;

namespace Entrepot.Ports.Guard;

/// <summary>Who may listen on a port. What is given must all be true of the process.</summary>
public sealed record ExpectedOwner
{
    /// <summary>The process itself, or null.</summary>
    public int? ProcessId { get; init; }

    /// <summary>What a portfile says of it, or null.</summary>
    public ExpectedProcess? Process { get; init; }

    /// <summary>For messages: <c>user www-data, /usr/sbin/nginx</c>.</summary>
    public override string ToString()
    {
        var parts = new[]
        {
            ProcessId is { } id ? $"process {PortAllocator.Text(id)}" : null,
            Process?.User is { } user ? $"user {user}" : null,
            Process?.Executable,
            Process?.Unit,
        };
        return string.Join(", ", parts.Where(static part => part is not null));
    }
}

/// <summary>A port that is watched for strangers.</summary>
/// <param name="Service">The service to which it belongs.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="Port">The port, 1–65535.</param>
/// <param name="Owner">Who may listen.</param>
/// <param name="Reaction">What happens when somebody else does.</param>
public sealed record GuardedPort(string Service, PortProtocol Protocol, int Port, ExpectedOwner Owner, StrangerReaction Reaction)
{
    /// <summary>The port as messages write it: <c>tcp/8333</c>.</summary>
    public string Name => $"{Protocol.Name()}/{PortAllocator.Text(Port)}";
}

/// <summary>A socket on a guarded port that is not its owner's.</summary>
/// <param name="Socket">The socket.</param>
/// <param name="Reason">Why it is a stranger's: one sentence.</param>
public sealed record Stranger(ListeningSocket Socket, string Reason);

/// <summary>What a look at one guarded port showed.</summary>
/// <param name="Strangers">Sockets of others.</param>
/// <param name="OwnerListens">True when a socket of the owner is there.</param>
/// <param name="Unclear">Sockets whose process this user may not look into, though nothing speaks against them.</param>
public sealed record OwnerReport(IReadOnlyList<Stranger> Strangers, bool OwnerListens, IReadOnlyList<ListeningSocket> Unclear)
{
    /// <summary>True when nobody at all listens.</summary>
    public bool Free => Strangers.Count == 0 && !OwnerListens && Unclear.Count == 0;
}
