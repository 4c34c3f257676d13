using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Server.Changes;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Declarations;

/// <summary>The portfile by which a node lives. It is read at the start and again when the file changes; one that holds an error is
/// refused with all its errors, and the last good one stays.</summary>
internal sealed class NodeDeclaration
{
    private readonly Settings _settings;
    private readonly string? _path;
    private readonly AcceptedPortfile? _accepted;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private Portfile _current = new();
    private FileStamp _stamp;
    private Sha256Digest _taken;

    private NodeDeclaration(Settings settings, AcceptedPortfile? accepted, TimeProvider time, ILogger logger)
        => (_settings, _path, _accepted, _time, _logger) = (settings, settings.Portfile, accepted, time, logger);

    /// <summary>Time between two looks at the file.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(2);

    /// <summary>What is declared now; empty for a node without a portfile.</summary>
    public Portfile Current => Volatile.Read(ref _current);

    /// <summary>True when the node has a portfile.</summary>
    public bool Exists => _path is not null;

    /// <summary>Reads the portfile that the settings name, or the one that was approved last.</summary>
    /// <param name="settings">The node's settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where it logs.</param>
    /// <param name="accepted">The portfile that was approved last, where only approved changes are taken over; else null.</param>
    /// <exception cref="FaultException"><see cref="PortfileFault"/> with every error, or <see cref="PortPolicyFault.RotationForbidden"/>.</exception>
    public static NodeDeclaration Open(Settings settings, TimeProvider time, ILogger logger, AcceptedPortfile? accepted = null)
    {
        var declaration = new NodeDeclaration(settings, accepted, time, logger);
        if (accepted is not null)
        {
            var bytes = accepted.Current;
            declaration._current = declaration.Checked(declaration.Read(bytes.Bytes).Require());
            declaration._taken = bytes.Digest;
        }
        else if (declaration._path is { } path)
        {
            declaration._stamp = FileStamp.Of(path);
            declaration._current = declaration.Checked(Read(path, time).Require());
        }

        return declaration;
    }

    /// <summary>The allocator's standing rules that follow from it.</summary>
    public PortPolicy Policy() => DeclaredChoice.Policy(Current, _settings.Node, _settings.Site);

    /// <summary>Looks at the file until cancelled.</summary>
    /// <param name="changed">Called after another portfile was taken over, and again while it fails.</param>
    /// <param name="cancellation">Stops it.</param>
    public Task RunAsync(Func<CancellationToken, Task> changed, CancellationToken cancellation)
    {
        var due = false;
        return Rounds.RunAsync(Interval, _time, RoundAsync, error => Log.PortfileUnsettled(_logger, _path!, error), cancellation);

        async Task RoundAsync(CancellationToken stop)
        {
            due |= _accepted is null ? Look() : LookAtAccepted();
            if (due)
                await changed(stop);
            due = false;
            if (_accepted is not null)
                await _accepted.WatchAsync(stop);
        }
    }

    /// <summary>Reads the file again if it has changed.</summary>
    /// <returns>True when another portfile was taken over.</returns>
    internal bool Look()
    {
        if (_path is null || FileStamp.Of(_path) is var stamp && stamp == _stamp)
            return false;
        _stamp = stamp;
        return Take(() => Read(_path, _time));
    }

    /// <summary>Takes over what was approved since. What is on disk is not looked at: that it follows is another's business.</summary>
    /// <returns>True when another portfile was taken over.</returns>
    internal bool LookAtAccepted()
    {
        var accepted = _accepted!.Current;
        if (accepted.Digest == _taken)
            return false;
        _taken = accepted.Digest;
        return Take(() => Read(accepted.Bytes));
    }

    private bool Take(Func<PortfileResult> read)
    {
        try
        {
            var result = read();
            if (result.Portfile is not { } portfile)
            {
                Log.PortfileRefused(_logger, _path!, string.Join('\n', result.Errors));
                return false;
            }

            Volatile.Write(ref _current, Checked(portfile));
            Log.PortfileTaken(_logger, _path!, portfile.Services.Length, portfile.Pools.Length);
            return true;
        }
        catch (FaultException error)
        {
            Log.PortfileRefused(_logger, _path!, error.Message);
            return false;
        }
    }

    /// <summary>The portfile, if the settings of this node go with it.</summary>
    /// <exception cref="FaultException"><see cref="PortPolicyFault.RotationForbidden"/>.</exception>
    public Portfile Checked(Portfile portfile)
        => _settings.Edges is { Rotate: not null, Count: > 0 } && portfile.Policy.DynamicPorts == DynamicPortRule.Forbid
            ? throw Fault.Of(
                PortPolicyFault.RotationForbidden, FaultKind.Conflict,
                "The edges' ports can't rotate: the portfile's policy says 'dynamicPorts: forbid'.",
                "Take edges.rotate out of the settings, or allow dynamic ports in the portfile.").ToException()
            : portfile;

    private PortfileResult Read(byte[] bytes) => PortfileReader.Read(DocumentBytes.Text(bytes, _path!), _path!, _time.GetUtcNow());

    private static PortfileResult Read(string path, TimeProvider time) => PortfileReader.ReadFile(path, time.GetUtcNow());

    /// <summary>By what a changed file is known.</summary>
    private readonly record struct FileStamp(DateTime Written, long Length)
    {
        public static FileStamp Of(string path)
        {
            var file = new FileInfo(path);
            return file.Exists ? new FileStamp(file.LastWriteTimeUtc, file.Length) : default;
        }
    }
}
