using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>Why ports can't be reserved.</summary>
public enum ReservedPortsFault
{
    /// <summary>This system has no such list, or it can't be read.</summary>
    Unreadable,

    /// <summary>This user may not write it.</summary>
    Forbidden,

    /// <summary>The kernel took the write, but shows something else.</summary>
    NotTaken,
}

/// <summary>Remembers, over restarts, which reserved ports are there because of us. One adapter for each place.</summary>
public interface IReservedPortsMemory
{
    /// <summary>What was remembered, and the boot in which that was; the list is empty again after a boot.</summary>
    Task<(PortSet Ours, string Boot)> LoadAsync(CancellationToken cancellation);

    /// <summary>Remembers, durably before it returns.</summary>
    Task SaveAsync(PortSet ours, string boot, CancellationToken cancellation);
}

/// <summary>Keeps outgoing connections off ports of ours: writes them to <c>net.ipv4.ip_local_reserved_ports</c> of its network
/// namespace. Only the agent, which holds CAP_NET_ADMIN, may call it. What becomes ours is remembered before it is written, so that a
/// crash between the two leaves nothing behind that nobody takes away.</summary>
public sealed class ReservedPortsWriter
{
    private readonly IReservedPortsMemory _memory;
    private readonly string _list;
    private readonly string _range;
    private readonly string _boot;

    /// <summary>Makes the writer.</summary>
    /// <param name="memory">Where it is remembered what is ours.</param>
    /// <param name="procFolder">Where the proc file system is mounted.</param>
    public ReservedPortsWriter(IReservedPortsMemory memory, string procFolder = "/proc")
    {
        var settings = Path.Combine(procFolder, "sys", "net", "ipv4");
        (_memory, _list, _range, _boot) = (
            memory, Path.Combine(settings, "ip_local_reserved_ports"), Path.Combine(settings, "ip_local_port_range"),
            Path.Combine(procFolder, "sys", "kernel", "random", "boot_id"));
    }

    /// <summary>Says what <see cref="ReserveAsync"/> would do.</summary>
    /// <param name="wanted">Ports of pools and leases.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="ReservedPortsFault.Unreadable"/>.</exception>
    public async Task<ReservedPortsChange> PlanAsync(PortSet wanted, CancellationToken cancellation = default)
        => (await LookAsync(Reserving(wanted), cancellation)).Change;

    /// <summary>Reserves those of the ports that lie in the range for outgoing connections, and no others of ours any more.</summary>
    /// <param name="wanted">Ports of pools and leases.</param>
    /// <param name="cancellation">Gives up before the write.</param>
    /// <exception cref="FaultException"><see cref="ReservedPortsFault"/>.</exception>
    public Task<ReservedPortsChange> ReserveAsync(PortSet wanted, CancellationToken cancellation = default) => ChangeAsync(Reserving(wanted), cancellation);

    /// <summary>Takes away what is ours, and nothing that others added.</summary>
    /// <param name="cancellation">Gives up before the write.</param>
    /// <exception cref="FaultException"><see cref="ReservedPortsFault"/>.</exception>
    public Task<ReservedPortsChange> ReleaseAsync(CancellationToken cancellation = default) => ChangeAsync(ReservedPorts.Release, cancellation);

    private Func<PortSet, PortSet, ReservedPortsChange> Reserving(PortSet wanted)
        => (current, ours) => EphemeralRange.TryParseRange(Text(_range), out var first, out var last)
            ? ReservedPorts.Reserve(current, ours, wanted, PortSet.Range(first, last))
            : throw Unreadable(_range);

    private async Task<ReservedPortsChange> ChangeAsync(Func<PortSet, PortSet, ReservedPortsChange> plan, CancellationToken cancellation)
    {
        var (change, remembered, boot) = await LookAsync(plan, cancellation);
        if (!change.Writes && change.Ours.Equals(remembered))
            return change;
        await _memory.SaveAsync(change.Ours.Union(change.Removed), boot, cancellation);
        if (change.Writes)
            Write(change.Value);
        await _memory.SaveAsync(change.Ours, boot, cancellation);
        return change;
    }

    /// <summary>The change, and what was remembered. After a boot the list holds what others set, and a port that used to be ours may be
    /// theirs now.</summary>
    private async Task<(ReservedPortsChange Change, PortSet Remembered, string Boot)> LookAsync(
        Func<PortSet, PortSet, ReservedPortsChange> plan, CancellationToken cancellation)
    {
        var current = Current();
        var boot = Text(_boot)?.Trim() ?? "";
        var (remembered, at) = await _memory.LoadAsync(cancellation);
        return (plan(current, at == boot ? remembered : PortSet.Empty), remembered, boot);
    }

    private void Write(PortSet value)
    {
        try
        {
            File.WriteAllText(_list, $"{value}\n");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(
                ReservedPortsFault.Forbidden, FaultKind.Forbidden, $"'{_list}' can't be written: {error.Message}",
                $"Let the agent run with CAP_NET_ADMIN, or set {EphemeralRange.ReservedSetting} = {value} yourself.").ToException(error);
        }

        if (!Current().Equals(value))
            throw Fault.Of(
                ReservedPortsFault.NotTaken, FaultKind.Conflict, $"'{_list}' was written, but shows '{Current()}' instead of '{value}': somebody else writes it too.",
                "Try again; if it stays so, find the other writer (sysctl.d, a container runtime).").ToException();
    }

    private PortSet Current() => PortSet.TryParse(Text(_list), out var current) && File.Exists(_list) ? current : throw Unreadable(_list);

    private static FaultException Unreadable(string file) => Fault.Of(
        ReservedPortsFault.Unreadable, FaultKind.Unavailable, $"'{file}' can't be read or holds something unexpected.",
        "Only Linux has this list; elsewhere choose pools outside of the range for outgoing connections.").ToException();

    private static string? Text(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
