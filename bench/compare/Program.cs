using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Entrepot.Compare;
using Entrepot.Compare.Peers;

if (args is ["sockets", .. var rest])
    return await SocketListing.RunAsync(rest);
if (args is ["hold", var count, var first])
    return SocketListing.Hold(int.Parse(count, CultureInfo.InvariantCulture), int.Parse(first, CultureInfo.InvariantCulture));

// Alternates the peers A B A B, so that whatever else the machine does falls on both, and reports medians of the pairs' ratios.
var options = new Options(args);
var folder = Directory.CreateDirectory(options.Folder).FullName;
var table = new StringBuilder();
try
{
    var content = Path.Combine(folder, "content");
    WorkLoad[] downloads =
    [
        new("4 KiB hit", "4k", 4 << 10, 2_000, 32), new("64 KiB hit", "64k", 64 << 10, 500, 32),
        new("1 MiB hit", "1m", 1 << 20, 64, 16), new("64 MiB hit", "64m", 64 << 20, 4, 4),
    ];
    downloads = [.. downloads.Where(work => options.Wants(work.Name))];
    foreach (var work in downloads)
        work.MakeFiles(content);
    var upload = Path.Combine(folder, "upload.bin");
    WorkLoad.WriteRandom(upload, options.UploadBytes);

    await using var nginx = await NginxPeer.StartAsync(Directory.CreateDirectory(Path.Combine(folder, "nginx")).FullName, content, options.NginxPort);
    await using var entrepot = await EntrepotPeer.StartAsync(options.Program, Directory.CreateDirectory(Path.Combine(folder, "entrepot")).FullName, content);

    Print("| work | nginx | entrepot | ratio (spread) | server CPU per request, ratio |");
    Print("| --- | --- | --- | --- | --- |");
    foreach (var work in downloads)
        Print(await CompareAsync(work.Name, nginx, entrepot, options, options.WarmUps, peer => DownloadAsync(peer, work, options.Time), work.Size >= 1 << 20));
    if (options.Wants("upload"))
    {
        WorkLoad.FillPageCache(folder);
        Print(await CompareAsync($"upload {options.UploadBytes >> 20} MiB", nginx, entrepot, options, 2, peer => UploadAsync(peer, upload, options.UploadBytes), true));
    }
}
finally
{
    Directory.Delete(folder, recursive: true);
}

if (options.Out is { } file)
    File.WriteAllText(file, table.ToString());
return 0;

void Print(string line)
{
    Console.WriteLine(line);
    table.AppendLine(line);
}

static async Task<Sample> DownloadAsync(Peer peer, WorkLoad work, TimeSpan time)
{
    var paths = work.Files.Select(peer.DownloadPath).ToList();
    var cpu = peer.CpuSeconds();
    var result = await LoadClient.RunAsync(peer.Downloads, paths, work.Connections, time);
    return new Sample(result.RequestsPerSecond, result.BytesPerSecond, (peer.CpuSeconds() - cpu) / result.Requests);
}

static async Task<Sample> UploadAsync(Peer peer, string file, long bytes)
{
    // Every upload is another file: one that is stored already would cost the hashing alone.
    using (var change = new FileStream(file, FileMode.Open, FileAccess.Write))
        change.Write(RandomNumberGenerator.GetBytes(16));
    var cpu = peer.CpuSeconds();
    var watch = Stopwatch.StartNew();
    var name = $"{Guid.NewGuid():N}.bin";
    await peer.UploadAsync(file, name);
    var seconds = watch.Elapsed.TotalSeconds;
    await peer.SettleAsync(name);
    var used = peer.CpuSeconds() - cpu;
    using var sync = Process.Start("sync");
    await sync.WaitForExitAsync();
    return new Sample(1 / seconds, bytes / seconds, used);
}

static async Task<string> CompareAsync(string name, Peer left, Peer right, Options options, int warmUps, Func<Peer, Task<Sample>> measure, bool inBytes)
{
    for (var i = 0; i < warmUps; i++)
    {
        await measure(left);
        await measure(right);
    }

    var pairs = new List<(Sample Left, Sample Right)>();
    for (var i = 0; i < options.Pairs; i++)
        pairs.Add((await measure(left), await measure(right)));
    var ratios = pairs.Select(pair => pair.Right.PerSecond / pair.Left.PerSecond).Order().ToList();
    var cpu = Median(pairs.Select(pair => pair.Right.Cpu / pair.Left.Cpu));
    return string.Create(
        CultureInfo.InvariantCulture,
        $"| {name} | {Show(pairs.Select(p => p.Left))} | {Show(pairs.Select(p => p.Right))} | {Median(ratios):0.00} ({ratios[0]:0.00}–{ratios[^1]:0.00}) | {cpu:0.00} |");

    string Show(IEnumerable<Sample> samples) => inBytes
        ? string.Create(CultureInfo.InvariantCulture, $"{Median(samples.Select(s => s.BytesPerSecond)) / 1e6:0} MB/s")
        : string.Create(CultureInfo.InvariantCulture, $"{Median(samples.Select(s => s.PerSecond)):0} req/s");
}

static double Median(IEnumerable<double> values)
{
    var sorted = values.Order().ToList();
    return sorted[sorted.Count / 2];
}

internal sealed record Sample(double PerSecond, double BytesPerSecond, double Cpu);

internal sealed record WorkLoad(string Name, string Folder, int Size, int Count, int Connections)
{
    public IEnumerable<string> Files => Enumerable.Range(0, Count).Select(i => $"{Folder}/{i}.bin");

    public static void WriteRandom(string file, long size)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using var stream = File.Create(file);
        var block = new byte[1 << 20];
        for (long left = size; left > 0; left -= block.Length)
        {
            RandomNumberGenerator.Fill(block);
            stream.Write(block, 0, (int)Math.Min(left, block.Length));
        }
    }

    /// <summary>Fills the page cache with a sparse file, so that uploads get memory that was in use before. On a virtual machine the host takes
    /// free pages back, and the first touch of a page then costs several times the copy; it would fall on whichever server comes first. The file stays
    /// until the end: deleting it would free the pages.</summary>
    public static void FillPageCache(string folder)
    {
        const int block = 1 << 20;
        using var stream = new FileStream(Path.Combine(folder, "sparse"), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 0);
        stream.SetLength(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / block * block);
        var buffer = new byte[block];
        while (stream.Read(buffer) > 0)
        {
        }
    }

    public void MakeFiles(string content)
    {
        foreach (var file in Files)
            WriteRandom(Path.Combine(content, file), Size);
    }
}

/// <summary>The command line of <c>bench/compare/run</c>.</summary>
internal sealed class Options
{
    public Options(string[] args)
    {
        for (var i = 0; i + 1 < args.Length; i += 2)
        {
            var value = args[i + 1];
            switch (args[i])
            {
                case "--entrepot": Program = Path.GetFullPath(value); break;
                case "--pairs": Pairs = int.Parse(value, CultureInfo.InvariantCulture); break;
                case "--seconds": Time = TimeSpan.FromSeconds(double.Parse(value, CultureInfo.InvariantCulture)); break;
                case "--only": Only = value; break;
                case "--out": Out = value; break;
                default: throw new ArgumentException($"unknown option {args[i]}");
            }
        }
    }

    public string Program { get; } = "entrepot";

    public int Pairs { get; } = 7;

    /// <summary>Seconds of load before the first sample: the runtime compiles hot code anew while it runs, on the server's only core.</summary>
    public int WarmUps { get; } = 8;

    public TimeSpan Time { get; } = TimeSpan.FromSeconds(1);

    public string? Only { get; }

    public string? Out { get; }

    /// <summary>Only this process is in the namespace, so any port would do.</summary>
    public int NginxPort { get; } = 18080;

    public long UploadBytes { get; } = 512 << 20;

    public string Folder { get; } = Path.Combine(Directory.GetCurrentDirectory(), "artifacts", $"compare-{Environment.ProcessId}");

    public bool Wants(string name) => Only is null || name.Contains(Only, StringComparison.OrdinalIgnoreCase);
}
