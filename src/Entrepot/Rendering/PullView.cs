using System.Collections.Concurrent;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Replication;
using Entrepot.Server.Client;
using Spectre.Console;

namespace Entrepot.Cli.Rendering;

/// <summary>Shows a pull: one bar for all of it and one for each edge; what happens on the way is told as lines above them.</summary>
internal sealed class PullView(CommandContext context)
{
    private readonly ConcurrentQueue<string> _told = new();

    /// <summary>Everything that was told.</summary>
    public IReadOnlyList<string> Told => [.. _told];

    /// <summary>Runs a pull and shows how it goes.</summary>
    public async Task<T> RunAsync<T>(Func<IPullObserver, Task<T>> work)
    {
        if (!context.ShowsProgress)
            return await work(new Observer(this, null, null));
        var console = Consoles.Create(context.Environment.Error, context.Environment.ErrorIsTerminal, context.Environment);
        return await ProgressView.Create(console).StartAsync(async progress => await work(new Observer(this, console, progress)));
    }

    private void Tell(IAnsiConsole? console, string text)
    {
        _told.Enqueue(text);
        if (console is not null)
            console.WriteLine(Printable.Text(text));
        else if (context.Format == OutputFormat.Table)
            context.Environment.Error.WriteLine(Printable.Text(text));
    }

    private sealed class Observer(PullView view, IAnsiConsole? console, ProgressContext? progress) : IPullObserver
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<ContentPath, long> _done = [];
        private readonly Dictionary<(ContentPath File, string Source), long> _given = [];
        private readonly Dictionary<string, ProgressTask> _sources = new(StringComparer.Ordinal);
        private ProgressTask? _whole;
        private long _bytes;

        public void Begin(int files, long bytes)
        {
            _bytes = Math.Max(1, bytes);
            _whole = progress?.AddTask(files == 1 ? "pulling" : $"pulling {Units.Of(files, "file")}", maxValue: _bytes);
        }

        public void Report(ContentPath file, PullProgress state)
        {
            foreach (var news in state.News)
                Tell(news.Text);
            if (progress is null)
                return;
            lock (_lock)
            {
                Move(file, state.Proven + state.InFlight);
                foreach (var source in state.Sources)
                {
                    if (!_sources.TryGetValue(source.Name, out var task))
                        _sources[source.Name] = task = progress.AddTask(ProgressView.PartSign + Markup.Escape(Printable.Text(source.Name)), maxValue: _bytes);
                    task.Increment(source.Bytes - _given.GetValueOrDefault((file, source.Name)));
                    _given[(file, source.Name)] = source.Bytes;
                    task.Description = ProgressView.PartSign + Markup.Escape(Printable.Text(source.Name) + (source.IsBenched ? " (left alone)" : ""));
                }
            }
        }

        public void Complete(PulledFile file)
        {
            lock (_lock)
                Move(file.Path, file.Size);
        }

        public void Tell(string text) => view.Tell(console, text);

        private void Move(ContentPath file, long bytes)
        {
            _whole?.Increment(bytes - _done.GetValueOrDefault(file));
            _done[file] = bytes;
        }
    }
}
