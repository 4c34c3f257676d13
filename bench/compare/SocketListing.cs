using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Entrepot.Ports.Inventory;

namespace Entrepot.Compare;

/// <summary>Lists many listening sockets with their owners, as <c>ss -tlnp</c> and <c>netstat -tlnp</c> do, in turn. The sockets are on
/// addresses of 127.0.0.0/8 that nothing else uses, and belong to processes that end with this one.</summary>
internal static class SocketListing
{
    private const int Holders = 4;

    /// <summary>Compares; options are <c>--sockets N</c> (20,000) and <c>--pairs N</c> (7).</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var sockets = Option(args, "--sockets", 20_000);
        var rounds = Option(args, "--pairs", 7);
        var holders = new List<Process>();
        try
        {
            for (var i = 0; i < Holders; i++)
                holders.Add(Start(Environment.ProcessPath!, $"hold {sockets / Holders} {i * (sockets / Holders)}", input: true));
            foreach (var holder in holders)
            {
                if (await holder.StandardOutput.ReadLineAsync() is not "held")
                    throw new InvalidOperationException("A holder of sockets did not start: is the limit of open files high enough?");
            }

            var inventory = new ListeningSockets();
            (string Name, Func<Task<int>> List)[] ways =
            [
                ("entrepot, in the node", () => Task.FromResult(inventory.Survey().Count(socket => socket is { Owner: not null, Protocol: Ports.Allocation.PortProtocol.Tcp }))),
                ("ss -tlnp", () => LinesAsync("ss", "-tlnp", "users:")),
                ("netstat -tlnp", () => LinesAsync("netstat", "-tlnp", "LISTEN")),
            ];
            var times = ways.Select(_ => new List<double>()).ToArray();
            for (var round = -2; round < rounds; round++)  // two rounds to warm up
            {
                for (var way = 0; way < ways.Length; way++)
                {
                    var watch = Stopwatch.StartNew();
                    var seen = await ways[way].List();
                    var elapsed = watch.Elapsed.TotalMilliseconds;
                    if (seen < sockets)
                        throw new InvalidOperationException($"{ways[way].Name} saw {seen} of {sockets} sockets.");
                    if (round >= 0)
                        times[way].Add(elapsed);
                }
            }

            Console.WriteLine($"{sockets} listening sockets of {Holders} processes");
            Console.WriteLine("| lister | median | spread | times as long as entrepot |");
            Console.WriteLine("| --- | --- | --- | --- |");
            for (var way = 0; way < ways.Length; way++)
            {
                var ratios = times[way].Zip(times[0], (theirs, ours) => theirs / ours).Order().ToList();
                times[way].Sort();
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {ways[way].Name} | {times[way][rounds / 2]:0} ms | {times[way][0]:0}–{times[way][^1]:0} ms | {ratios[rounds / 2]:0.00} ({ratios[0]:0.00}–{ratios[^1]:0.00}) |"));
            }

            return 0;
        }
        finally
        {
            foreach (var holder in holders)
            {
                holder.StandardInput.Close();  // asks it to end
                await holder.WaitForExitAsync();
                holder.Dispose();
            }
        }
    }

    /// <summary>Holds sockets until the standard input ends.</summary>
    public static int Hold(int count, int first)
    {
        var sockets = new List<Socket>(count);
        for (var i = first; i < first + count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            sockets.Add(socket);
            socket.Bind(new IPEndPoint(new IPAddress([127, 77, (byte)(i >> 8), (byte)i]), 10_000 + (i % 500)));
            socket.Listen(1);
        }

        Console.WriteLine("held");
        Console.In.ReadToEnd();
        GC.KeepAlive(sockets);
        return 0;
    }

    private static async Task<int> LinesAsync(string program, string arguments, string mark)
    {
        using var process = Start(program, arguments, input: false);
        var count = 0;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
            count += line.Contains(mark, StringComparison.Ordinal) ? 1 : 0;
        await process.WaitForExitAsync();
        return count;
    }

    private static Process Start(string program, string arguments, bool input)
        => Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardInput = input })!;

    private static int Option(string[] args, string name, int usual)
        => Array.IndexOf(args, name) is >= 0 and var at ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : usual;
}
