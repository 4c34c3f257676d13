using System.Globalization;
using Entrepot.Server.Client;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Entrepot.Cli.Rendering;

/// <summary>Shows a transfer on a terminal: bar, bytes, rate and the time left. Shows nothing where nobody looks.</summary>
internal static class ProgressView
{
    /// <summary>Runs work and shows how it goes.</summary>
    public static async Task<T> RunAsync<T>(CommandContext context, Func<ITransferObserver, Task<T>> work)
    {
        if (!context.ShowsProgress)
            return await work(SilentObserver.Instance);
        var console = Consoles.Create(context.Environment.Error, context.Environment.ErrorIsTerminal, context.Environment);
        return await Create(console).StartAsync(async progress => await work(new Bar(progress)));
    }

    /// <summary>The progress display that all commands share.</summary>
    public static Progress Create(IAnsiConsole console) => console.Progress().AutoClear(true).HideCompleted(false).Columns(
        new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new BytesColumn(), new RateColumn(), new LeftColumn());

    private sealed class Bar(ProgressContext progress) : ITransferObserver
    {
        private ProgressTask? _task;
        private int _items;
        private int _done;
        private string _stage = "";

        public void Begin(string stage, int items, long bytes)
        {
            _task?.StopTask();
            (_stage, _items, _done) = (stage, items, 0);
            _task = progress.AddTask(Title(), maxValue: Math.Max(1, bytes));
        }

        public void Advance(long bytes) => _task?.Increment(bytes);

        public void ItemDone()
        {
            Interlocked.Increment(ref _done);
            if (_task is { } task)
                task.Description = Title();
        }

        private string Title() => string.Create(CultureInfo.InvariantCulture, $"{_stage} {_done}/{_items}");
    }

    private sealed class BytesColumn : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
            => new Text($"{Units.Size((long)task.Value)} of {Units.Size((long)task.MaxValue)}");

        protected override bool NoWrap => true;
    }

    private sealed class RateColumn : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
            => new Text(task.Speed is { } speed ? Units.Rate(speed) : "", new Style(Color.Aqua));

        protected override bool NoWrap => true;
    }

    private sealed class LeftColumn : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
            => new Text(task.IsFinished ? "" : task.RemainingTime is { } left ? $"{(int)left.TotalHours:00}:{left.Minutes:00}:{left.Seconds:00} left" : "");

        protected override bool NoWrap => true;
    }
}
