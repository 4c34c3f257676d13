using System.Net.Sockets;
using Entrepot.Core.State;
using Entrepot.Mirror.Blobs;
using Entrepot.Server.Api;

namespace Entrepot.Server.Metadata;

/// <summary>One thing that must be in order.</summary>
/// <param name="Name">Its name in the answer.</param>
/// <param name="RunAsync">Ends normally when it is; throws when it is not.</param>
public sealed record ReadinessCheck(string Name, Func<CancellationToken, Task> RunAsync);

/// <summary>Finds out whether the node can do its work. Whoever asks at the same time, or within a second, gets one answer, so that
/// asking often costs nothing.</summary>
public sealed class ReadinessProbe(IReadOnlyList<ReadinessCheck> checks, TimeProvider time) : IDisposable
{
    /// <summary>How long an answer is good.</summary>
    public static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(1);

    /// <summary>Longest that one check may take; then it has failed.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private ReadinessDocument? _last;
    private long _at;

    /// <summary>The state database answers.</summary>
    public static ReadinessCheck State(StateDatabase state) => new("state", _ =>
    {
        state.Read(static connection =>
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT count(*) FROM SchemaVersions";
            return command.ExecuteScalar();
        });
        return Task.CompletedTask;
    });

    /// <summary>The blob folder can be written to.</summary>
    public static ReadinessCheck Blobs(BlobStore blobs) => new("blobs", _ =>
    {
        blobs.Probe();
        return Task.CompletedTask;
    });

    /// <summary>Every surface of this node takes connections.</summary>
    public static ReadinessCheck Surfaces(Func<NetworkDocument> network) => new("surfaces", async cancellation =>
    {
        var document = network();
        foreach (var surface in document.Surfaces.Where(surface => surface.Node == document.Node))
        {
            // By the name that clients use, the answer would also depend on this machine's resolver.
            var address = new Uri(surface.LocalUrl ?? surface.Url);
            try
            {
                using var socket = new TcpClient();
                await socket.ConnectAsync(address.DnsSafeHost, address.Port, cancellation);
            }
            catch (SocketException error)
            {
                throw new IOException($"{surface.Surface} does not answer at {address.GetLeftPart(UriPartial.Authority)}: {error.Message}", error);
            }
        }
    });

    /// <summary>Runs every check, or gives the answer of a moment ago.</summary>
    public async Task<ReadinessDocument> AskAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_last is not null && time.GetElapsedTime(_at) < GoodFor)
                return _last;
            var items = await Task.WhenAll(checks.Select(RunAsync));
            _at = time.GetTimestamp();
            return _last = new ReadinessDocument(items.All(static item => item.Ok), items);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private async Task<ReadinessItem> RunAsync(ReadinessCheck check)
    {
        // Not the asker's token: the answer is for others too.
        using var deadline = new CancellationTokenSource(Deadline, time);
        try
        {
            await Task.Run(() => check.RunAsync(deadline.Token), deadline.Token).WaitAsync(Deadline, time, CancellationToken.None);
            return new ReadinessItem(check.Name, true, null);
        }
        catch (Exception error)
        {
            var detail = error is OperationCanceledException or TimeoutException ? $"no answer within {Deadline.TotalSeconds:0} s" : error.Message;
            return new ReadinessItem(check.Name, false, detail);
        }
    }
}
