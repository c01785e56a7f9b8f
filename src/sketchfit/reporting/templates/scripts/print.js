// Everything that is folded is printed, and folded again afterwards.
let openedForPrint = [];
addEventListener("beforeprint", () => {
  openedForPrint = $$("details:not([open]):not(.reading)");
  openedForPrint.forEach((one) => { one.open = true; });
});
addEventListener("afterprint", () => { openedForPrint.forEach((one) => { one.open = false; }); });
