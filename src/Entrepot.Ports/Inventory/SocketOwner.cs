using System.Globalization;

namespace Entrepot.Ports.Inventory;

/// <summary>The process behind a socket.</summary>
/// <param name="ProcessId">Its id, in the reader's process namespace.</param>
/// <param name="Executable">File name of its executable, or the kernel's short name for it where the file can't be seen.</param>
public sealed record SocketOwner(int ProcessId, string Executable)
{
    /// <summary>Absolute path of its executable, or null where it can't be seen. A file that was replaced since keeps its name.</summary>
    public string? Path { get; init; }

    /// <summary>The systemd unit that it belongs to, or null.</summary>
    public string? Unit { get; init; }

    /// <summary>The container that it runs in, or null.</summary>
    public ContainerIdentity? Container { get; init; }

    /// <summary>The user it runs as, or null where it is not known.</summary>
    public int? UserId { get; init; }

    /// <summary>That user's name on this host, or null where it has none.</summary>
    public string? User { get; init; }

    /// <summary>For messages: <c>nginx (pid 12)</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Executable} (pid {ProcessId})");
}

/// <summary>A container, as its control group tells.</summary>
/// <param name="Runtime"><c>docker</c>, <c>podman</c>, <c>kubernetes</c>, <c>lxc</c>, or <c>container</c> where it does not say.</param>
/// <param name="Id">Its id as the runtime writes it.</param>
public sealed record ContainerIdentity(string Runtime, string Id)
{
    private const int ShortLength = 12;  // as docker ps shows it

    /// <summary>For messages: <c>docker 0123456789ab</c>.</summary>
    public override string ToString() => $"{Runtime} {(Id.Length > ShortLength ? Id[..ShortLength] : Id)}";
}

/// <summary>A network namespace other than the reader's own.</summary>
/// <param name="Id">Its inode, as <c>ip netns identify</c> and <c>lsns</c> tell it.</param>
/// <param name="Container">The container that lives in it, or null.</param>
public sealed record NetworkNamespace(long Id, ContainerIdentity? Container)
{
    /// <summary>For messages: <c>docker 0123456789ab</c>, <c>namespace 4026532177</c>.</summary>
    public override string ToString() => Container?.ToString() ?? string.Create(CultureInfo.InvariantCulture, $"namespace {Id}");
}
