// How series are put together. Installations that groupLabels tell apart stay apart.
function(config) {
  // ' by (a, b) ' for these labels and those of the installations; nothing if there are none.
  by(labels=[])::
    local all = config.groupLabels + labels;
    if all == [] then '' else ' by (' + std.join(', ', all) + ') ',

  // 'on (a, b)' for the same labels; two sides without labels match in any case.
  on(labels=[]):: 'on (' + std.join(', ', config.groupLabels + labels) + ')',
}
