using System.Globalization;
using System.Security.Cryptography;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Server.Guard;
using Entrepot.Server.Hosting;

namespace Entrepot.Server.Drills;

/// <summary>Rotates the port of an edge of this process again and again while a client downloads through the scheduler.</summary>
/// <param name="context">The node.</param>
/// <param name="sample">A file worth downloading, as <c>mirror/path</c>, or null when there is none.</param>
internal sealed class RotationDrill(NodeContext context, Func<string?> sample) : IDrill
{
    private const int UsualRounds = 3;

    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(2);

    public string Name => "rotate";

    public async Task RunAsync(DrillSteps steps, DrillRequest request, CancellationToken cancellation)
    {
        var edge = context.Rotations.All.FirstOrDefault()
            ?? throw Fault.Of(
                DrillFault.NotHere, FaultKind.Conflict, "No edge runs in this process, so that no port can rotate.",
                "Run the drill on a node with the edge role beside the origin.").ToException();
        if (context.Network.LocalUrlOf("scheduler") is not { } scheduler || sample() is not { } file)
            throw Fault.Of(
                DrillFault.NotHere, FaultKind.Conflict, "Nothing can be downloaded here: there is no scheduler, or no file.",
                "Run the drill on the origin's node with the scheduler role, and push a file.").ToException();

        // As any client would: it follows the scheduler to the edge.
        using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(3), UseProxy = false }) { Timeout = TimeSpan.FromMinutes(1) };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var client = new Downloads(http, new Uri($"{scheduler}/{file}"));
        await steps.DoAsync($"download /{file}", client.FirstAsync);
        var loop = client.LoopAsync(stop.Token);
        try
        {
            for (var round = 1; round <= (request.Rounds ?? UsualRounds); round++)
                await steps.DoAsync(
                    string.Create(CultureInfo.InvariantCulture, $"rotation {round}: lease ahead, serve both, tell, drain"), () => RotateAsync(edge, client, cancellation));
        }
        finally
        {
            await stop.CancelAsync();
            await loop;
        }

        await steps.DoAsync("no download failed", () => client.Failed is { } failure
            ? throw new IOException(failure)
            : Task.FromResult(string.Create(CultureInfo.InvariantCulture, $"{client.Count} downloads, all of them right")));
    }

    private static async Task<string> RotateAsync(PortRotation edge, Downloads client, CancellationToken cancellation)
    {
        var (from, before) = (edge.Surface.Document.Port, client.Count);
        if (!await edge.RotateAsync(Overlap, "system:drill", cancellation))
            throw new IOException("the origin could not be told");
        return string.Create(
            CultureInfo.InvariantCulture, $"{from} → {edge.Surface.Document.Port}, {client.Count - before} downloads meanwhile");
    }

    /// <summary>A client that downloads one file for as long as it may.</summary>
    private sealed class Downloads(HttpClient http, Uri url)
    {
        private byte[] _hash = [];

        public int Count { get; private set; }

        public string? Failed { get; private set; }

        public async Task<string> FirstAsync()
        {
            var bytes = await http.GetByteArrayAsync(url);
            _hash = SHA256.HashData(bytes);
            return string.Create(CultureInfo.InvariantCulture, $"{bytes.Length} bytes");
        }

        public async Task LoopAsync(CancellationToken cancellation)
        {
            while (!cancellation.IsCancellationRequested && Failed is null)
            {
                try
                {
                    if (!SHA256.HashData(await http.GetByteArrayAsync(url, CancellationToken.None)).AsSpan().SequenceEqual(_hash))
                        Failed = "a download had other bytes";
                    Count++;
                }
                catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
                {
                    Failed = error.Message;
                }
            }
        }
    }
}
