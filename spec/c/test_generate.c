/* SPDX-License-Identifier: MIT
   test_generate.c - the wire of the generate family: what goes out, and what is
   refused before that.  What call.json cannot say is in test_generate_odd.c,
   what comes back in test_generate_read.c; the folders of spec/wire/generate
   are run by test_wire.c. */
#include "test.h"

#include "generate_out.h"
#include "wire_case.h"

/* Requests ---------------------------------------------------------------- */

/* A call as in call.json, with ' for ". */
struct sent {
  const char *call;
  const char *input; /* what goes out: all between {"request_type":"async",
                        "input": and }; or, with a "{ in front, the whole body;
                        NULL = it is refused */
  int code;          /* MJ_E* */
  const char *text;  /* a part of the warning, or of the error; NULL = none */
};

/* clang-format off */
#define PIC  "https://a.b/1.png"
#define PAINT "{'op':'inpaint','prompt':'a hat','pictures':['" PIC "'],"
#define AREA "'areas':[{'width':1024,'height':1024,'points':[100,100,400,100,400,400,100,400]}]"
#define OUT_PAINT "{'mode':'upload-paint','prompt':'a hat','image_urls':['" PIC "'],"
#define OUT_AREA "'mask':{'areas':[{'width':1024,'height':1024,'points':[100,100,400,100,400,400,100,400]}]}"
#define OUT_ALL "'canvas':{'width':1024,'height':1024},'imgPos':{'x':0,'y':0,'width':1024,'height':1024}}"
#define SPOT(p) PAINT "'areas':[{'width':600,'height':600,'points':[" p "]}]}"
#define OUT_SPOT(p) OUT_PAINT "'mask':{'areas':[{'width':600,'height':600,'points':[" p "]}]},'canvas':{'width':600,'height':600},'imgPos':{'x':0,'y':0,'width':600,'height':600}}"
#define T2I "{'mode':'text-to-image','prompt':"
#define FOX T2I "'fox'"
#define ASK(more) "{'op':'imagine','prompt':'fox'," more "}"
#define FIVE "version: v6, v6.1, v7, niji 6 or niji 7 expected, got "
#define UP(more) "{'op':'click','task':'t1','button':'generate::upscale::3'" more "}"
#define VARY(more) "{'op':'click','task':'t1','button':'generate::vary::1'" more "}"
#define CLICK(id) "{'op':'click','task':'t1','button':'" id "'}"

static const struct sent sent[] = {
    /* imagine */
    {"{'op':'imagine','prompt':'fox'}", FOX "}", 0, NULL},
    {"{'op':'imagine','prompt':' fox \\n'}", FOX "}", 0, NULL},
    {ASK("'mode':'turbo'"), FOX ",'speed':'turbo'}", 0, NULL},
    {ASK("'mode':'fast'"), FOX ",'speed':'fast'}", 0, NULL},
    {ASK("'gateway':{'mode':'turbo'}"), FOX ",'speed':'turbo'}", 0, NULL},
    {ASK("'mode':'fast','gateway':{'mode':'turbo'}"), FOX ",'speed':'fast'}", 0, NULL},
    {ASK("'mode':'relax'"), NULL, MJ_EUNSUPPORTED, "mode: the generate family has fast and turbo; relax is of the mj family"},
    {ASK("'gateway':{'mode':'relax'}"), NULL, MJ_EUNSUPPORTED, "mj family"},
    {ASK("'mode':'draft'"), NULL, MJ_EINVALID, "mode: fast or turbo expected, got draft"},
    {"{'op':'imagine','prompt':'fox --fast'}", FOX ",'speed':'fast'}", 0, NULL},
    {"{'op':'imagine','prompt':'fox --turbo'}", FOX ",'speed':'turbo'}", 0, NULL},
    {"{'op':'imagine','prompt':'fox --fast','mode':'fast'}", FOX ",'speed':'fast'}", 0, NULL},
    {"{'op':'imagine','prompt':'fox --fast','mode':'turbo'}", NULL, MJ_EINVALID, "mode: it is turbo, and --fast is in the prompt"},
    {"{'op':'imagine','prompt':'fox --turbo','gateway':{'mode':'fast'}}", NULL, MJ_EINVALID, "mode: it is fast, and --turbo is in the prompt"},
    {"{'op':'imagine','prompt':'fox --turbo --fast'}", NULL, MJ_EINVALID, "mode: it is fast, and --turbo"},
    {"{'op':'imagine','prompt':'fox --relax'}", NULL, MJ_EUNSUPPORTED, "--relax: the generate family has fast and turbo"},
    {"{'op':'imagine','prompt':'fox --relax','mode':'fast'}", NULL, MJ_EUNSUPPORTED, "--relax"},
    {"{'op':'imagine','prompt':''}", NULL, MJ_EINVALID, "prompt: it is empty"},
    {"{'op':'imagine'}", NULL, MJ_EINVALID, "prompt: it is empty"},
    {"{'op':'imagine','prompt':' \\t'}", NULL, MJ_EINVALID, "prompt: it is empty"},
    {"{'op':'imagine','prompt':'--ar 3:2 --fast'}", NULL, MJ_EINVALID, "prompt: there is nothing but parameters in it"},
    {"{'op':'imagine','prompt':'--no red'}", NULL, MJ_EINVALID, "nothing but parameters"},
    {"{'op':'imagine','prompt':'\\t\u2014no red --tile'}", NULL, MJ_EINVALID, "nothing but parameters"},
    {"{'op':'imagine','prompt':'--tile','params':{'no':'red'}}", NULL, MJ_EINVALID, "nothing but parameters"},
    {"{'op':'imagine','prompt':'--no red','pictures':['" PIC "']}", NULL, MJ_EINVALID, "nothing but parameters"},
    {"{'op':'imagine','prompt':'--fox --no red'}", T2I "'--fox --no red'}", 0, "--fox: no parameter"},
    {"{'op':'imagine','prompt':'--no red --fox'}", T2I "'--no red --fox'}", 0, "--fox: no parameter"},
    {"{'op':'imagine','prompt':'- fox'}", T2I "'- fox'}", 0, NULL},
    /* parameters */
    {ASK("'params':{'weird':'1','stylize':'2','chaos':'3','aspect':'16:9','version':'7','translate':'true'}"), FOX ",'version':'v7','aspect':'16:9','chaos':3,'stylize':2,'weird':1,'enableTranslation':true}", 0, NULL},
    {ASK("'params':{'translate':'false'}"), FOX ",'enableTranslation':false}", 0, NULL},
    {ASK("'params':{'translate':'yes'}"), NULL, MJ_EINVALID, "translate: true or false expected"},
    {ASK("'params':{'stylize':'0007','chaos':'00'}"), FOX ",'chaos':0,'stylize':7}", 0, NULL},
    {ASK("'params':{'chaos':'-0'}"), FOX ",'chaos':0}", 0, NULL},
    {ASK("'params':{'chaos':'-05'},'lenient':true"), FOX ",'chaos':-5}", 0, "chaos: -05 is not in 0..100"},
    {ASK("'params':{'weird':'3001'}"), NULL, MJ_EINVALID, "weird: 3001 is not in 0..3000"},
    {ASK("'params':{'weird':'3001'},'lenient':true"), FOX ",'weird':3001}", 0, "3001"},
    {ASK("'params':{'aspect':'7:5'}"), FOX ",'aspect':'7:5'}", 0, "aspect: 7:5 is none of those that this family documents"},
    {ASK("'params':{'aspect':'99999:99999'}"), FOX ",'aspect':'99999:99999'}", 0, "aspect: 99999:99999 is none"},
    {ASK("'params':{'aspect':'wide'}"), NULL, MJ_EINVALID, "aspect: a ratio"},
    {ASK("'params':{'seed':'7','no':'red','tile':'true','style':'raw','iw':'0.5','sref':'" PIC "'}"), T2I "'fox --seed 7 --no red --tile --style raw --iw 0.5 --sref " PIC "'}", 0, NULL},
    {ASK("'params':{'colour':'7'}"), NULL, MJ_EINVALID, "no such prompt parameter: colour"},
    {"{'op':'imagine','prompt':'fox --ar 3:2 --s 250 --c 5 --w 9 --v 6.1 --seed 7'}", T2I "'fox --seed 7','version':'v6.1','aspect':'3:2','chaos':5,'stylize':250,'weird':9}", 0, NULL},
    {"{'op':'imagine','prompt':'fox --no red --ar 3:2 --tile'}", T2I "'fox --no red --tile','aspect':'3:2'}", 0, NULL},
    {"{'op':'imagine','prompt':'fox \u2014ar 3:2 \u2014No red'}", T2I "'fox --no red','aspect':'3:2'}", 0, "\u2014""ar: taken for --ar"},
    {"{'op':'imagine','prompt':'fox --ar 3:2','params':{'aspect':'3:2'}}", NULL, MJ_EINVALID, "aspect: given as a field, and as --ar 3:2 in the prompt"},
    {"{'op':'imagine','prompt':'fox --v 7','params':{'version':'niji 6'}}", NULL, MJ_EINVALID, "version: given as a field, and as --v 7 in the prompt"},
    {"{'op':'imagine','prompt':'fox --c 5 --chaos 6'}", NULL, MJ_EINVALID, "given twice in the prompt"},
    {"{'op':'imagine','prompt':'fox --c 5 --chaos 6','lenient':true}", FOX ",'chaos':6}", 0, "given twice"},
    {"{'op':'imagine','prompt':'fox --c 500'}", NULL, MJ_EINVALID, "--c: 500 is not in 0..100"},
    {"{'op':'imagine','prompt':'fox --ar 3x2'}", NULL, MJ_EINVALID, "--ar: a ratio"},
    {"{'op':'imagine','prompt':'fox --stilize 3'}", T2I "'fox --stilize 3'}", 0, "did you mean --stylize"},
    /* versions */
    {ASK("'params':{'version':'v6'}"), FOX ",'version':'v6'}", 0, NULL},
    {ASK("'params':{'version':'6'}"), FOX ",'version':'v6'}", 0, NULL},
    {ASK("'params':{'version':'6.1'}"), FOX ",'version':'v6.1'}", 0, NULL},
    {ASK("'params':{'version':'v7'}"), FOX ",'version':'v7'}", 0, NULL},
    {ASK("'params':{'version':'niji 6'}"), FOX ",'version':'niji 6'}", 0, NULL},
    {ASK("'params':{'version':'niji7'}"), FOX ",'version':'niji 7'}", 0, NULL},
    {"{'op':'imagine','prompt':'fox --v 7'}", FOX ",'version':'v7'}", 0, NULL},
    {"{'op':'imagine','prompt':'fox --version 6'}", FOX ",'version':'v6'}", 0, NULL},
    {"{'op':'imagine','prompt':'fox --niji 7'}", FOX ",'version':'niji 7'}", 0, NULL},
    {"{'op':'imagine','prompt':'fox --Niji 6'}", FOX ",'version':'niji 6'}", 0, "--Niji: taken for --niji"},
    {ASK("'params':{'version':'v5.2'}"), NULL, MJ_EINVALID, FIVE "v5.2"},
    {ASK("'params':{'version':'niji 5'}"), NULL, MJ_EINVALID, FIVE "niji 5"},
    {ASK("'params':{'version':'niji'}"), NULL, MJ_EINVALID, FIVE "niji"},
    {ASK("'params':{'version':'6.0'}"), NULL, MJ_EINVALID, FIVE "v6.0"},
    {ASK("'params':{'version':'seven'}"), NULL, MJ_EINVALID, "version:"},
    {"{'op':'imagine','prompt':'fox --v 8'}", NULL, MJ_EINVALID, FIVE "v8"},
    {"{'op':'imagine','prompt':'fox --niji'}", NULL, MJ_EINVALID, FIVE "niji"},
    {ASK("'params':{'version':'8'},'lenient':true"), FOX ",'version':'v8'}", 0, FIVE "v8"},
    {ASK("'params':{'version':'niji'},'lenient':true"), FOX ",'version':'niji'}", 0, FIVE "niji"},
    /* pictures */
    {ASK("'pictures':['" PIC "'],'params':{'aspect':'3:2'}"), "{'mode':'image-to-image','prompt':'fox','image_urls':['" PIC "'],'aspect':'3:2'}", 0, NULL},
    {ASK("'pictures':['" PIC "','HTTP://a.b/2']"), "{'mode':'image-to-image','prompt':'fox','image_urls':['" PIC "','HTTP://a.b/2']}", 0, NULL},
    {ASK("'pictures':['" PIC "','" PIC "','" PIC "']"), "{'mode':'image-to-image','prompt':'fox','image_urls':['" PIC "','" PIC "','" PIC "']}", 0, "pictures: 3 of them; more reference images are less control"},
    {ASK("'pictures':[{'magic':'png'}]"), NULL, MJ_EINVALID, "picture 1: this family takes addresses; put the picture where the gateway can reach it and give its URL"},
    {ASK("'pictures':['" PIC "',{'magic':'jpeg'}]"), NULL, MJ_EINVALID, "picture 2: this family takes addresses"},
    {ASK("'pictures':[{'magic':'webp'}]"), NULL, MJ_EINVALID, "takes addresses"},
    {ASK("'pictures':['data:image/png;base64,iVBORw0KGgpmaXh0dXJl']"), NULL, MJ_EINVALID, "takes addresses"},
    {ASK("'pictures':[{'magic':'gif'}]"), NULL, MJ_EINVALID, "picture 1: this family takes JPG, PNG and WebP, no GIF"},
    {ASK("'pictures':['data:image/png;base64,R0lGODlhZml4dHVyZQ==']"), NULL, MJ_EINVALID, "no GIF"},
    {ASK("'pictures':['data:image/png;base64,QUJDRA==']"), NULL, MJ_EINVALID, "picture 1: this family takes JPG, PNG and WebP"},
    {ASK("'pictures':[{'magic':'text'}]"), NULL, MJ_EINVALID, "no PNG, JPEG, WebP or GIF"},
    {ASK("'pictures':[{'magic':'none'}]"), NULL, MJ_EINVALID, "picture 1: an empty picture"},
    {ASK("'pictures':['https://a.b/1 2']"), NULL, MJ_EINVALID, "a space or odd character"},
    {"{'op':'imagine','prompt':'Change the background','pictures':['" PIC "']}", "{'mode':'image-to-image','prompt':'Change the background','image_urls':['" PIC "']}", 0, "it begins with \"change\"; with pictures, describe what you want to see"},
    {"{'op':'imagine','prompt':'\\n turn it blue','pictures':['" PIC "']}", "{'mode':'image-to-image','prompt':'turn it blue','image_urls':['" PIC "']}", 0, "it begins with \"turn\""},
    {"{'op':'imagine','prompt':'remove','pictures':['" PIC "']}", "{'mode':'image-to-image','prompt':'remove','image_urls':['" PIC "']}", 0, "it begins with \"remove\""},
    {"{'op':'imagine','prompt':'make-up artist','pictures':['" PIC "']}", "{'mode':'image-to-image','prompt':'make-up artist','image_urls':['" PIC "']}", 0, NULL},
    {"{'op':'imagine','prompt':'change the background'}", T2I "'change the background'}", 0, NULL},
    /* the envelope */
    {ASK("'provider':'auto'"), "{{'request_type':'async','provider':'auto','input':" FOX "}}", 0, NULL},
    {ASK("'provider':'value'"), "{{'request_type':'async','provider':'value','input':" FOX "}}", 0, NULL},
    {ASK("'provider':'official'"), "{{'request_type':'async','provider':'official','input':" FOX "}}", 0, NULL},
    {ASK("'provider':'cheap'"), "{{'request_type':'async','provider':'cheap','input':" FOX "}}", 0, "provider: auto, value or official expected, got cheap (sent as it is)"},
    {ASK("'notify_hook':'https://e.x/h'"), "{{'request_type':'callback','callback_url':'https://e.x/h','input':" FOX "}}", 0, NULL},
    {ASK("'notify_hook':'http://e.x/h'"), "{{'request_type':'callback','callback_url':'http://e.x/h','input':" FOX "}}", 0, "notify_hook: this family calls https addresses only"},
    {ASK("'notify_hook':'http://127.0.0.1:8/h'"), "{{'request_type':'callback','callback_url':'http://127.0.0.1:8/h','input':" FOX "}}", 0, NULL},
    {ASK("'notify_hook':'HTTP://LocalHost/h'"), "{{'request_type':'callback','callback_url':'HTTP://LocalHost/h','input':" FOX "}}", 0, NULL},
    {ASK("'notify_hook':'http://[::1]:8/h'"), "{{'request_type':'callback','callback_url':'http://[::1]:8/h','input':" FOX "}}", 0, NULL},
    {ASK("'notify_hook':'http://localhost.x/h'"), "{{'request_type':'callback','callback_url':'http://localhost.x/h','input':" FOX "}}", 0, "https addresses only"},
    {ASK("'notify_hook':'http://localhosx/h'"), "{{'request_type':'callback','callback_url':'http://localhosx/h','input':" FOX "}}", 0, "https addresses only"},
    {ASK("'state':'mj_token'"), FOX "}", 0, NULL},
    {ASK("'extra':{}"), FOX "}", 0, NULL},
    {ASK("'extra':{'source':'x','provider':'new','callback_url':7}"), "{{'request_type':'async','input':" FOX "},'source':'x','provider':'new','callback_url':7}", 0, NULL},
    {ASK("'provider':'auto','notify_hook':'https://e.x','extra':{'source':1}"), "{{'request_type':'callback','callback_url':'https://e.x','provider':'auto','input':" FOX "},'source':1}", 0, NULL},
    {ASK("'extra':{'input':{'aspect_ratio':'3:2','chaos':5},'source':1}"), "{{'request_type':'async','input':" FOX ",'aspect_ratio':'3:2','chaos':5},'source':1}", 0, NULL},
    {ASK("'extra':{'input':{}}"), FOX "}", 0, NULL},
    {ASK("'extra':{'input':7}"), NULL, MJ_EINVALID, "extra: an object expected as \"input\""},
    {ASK("'extra':[1]"), NULL, MJ_EINVALID, "extra: an object expected"},
    {ASK("'extra':'{'"), NULL, MJ_EINVALID, "extra: "},
    {ASK("'extra':{'request_type':'async'}"), NULL, MJ_EINVALID, "extra: \"request_type\" is set by the verb itself"},
    {ASK("'provider':'auto','extra':{'provider':'auto'}"), NULL, MJ_EINVALID, "extra: \"provider\" is set by the verb itself"},
    {ASK("'notify_hook':'https://e.x','extra':{'callback_url':'x'}"), NULL, MJ_EINVALID, "extra: \"callback_url\" is set by the verb itself"},
    {ASK("'extra':{'input':{'mode':'x'}}"), NULL, MJ_EINVALID, "extra: \"mode\" is set by the verb itself"},
    {ASK("'extra':{'input':{'prompt':'x'}}"), NULL, MJ_EINVALID, "extra: \"prompt\" is set by the verb itself"},
    {ASK("'params':{'chaos':'5'},'extra':{'input':{'chaos':5}}"), NULL, MJ_EINVALID, "extra: \"chaos\" is set by the verb itself"},
    {ASK("'mode':'fast','extra':{'input':{'speed':'draft'}}"), NULL, MJ_EINVALID, "extra: \"speed\" is set by the verb itself"},
    {ASK("'extra':{'input':{'speed':'draft'}}"), FOX ",'speed':'draft'}", 0, NULL},
    {ASK("'gateway':{'prefix':'p'}"), FOX "}", 0, NULL},
    /* inpaint */
    {PAINT AREA "}", OUT_PAINT OUT_AREA "," OUT_ALL, 0, NULL},
    {PAINT AREA ",'mask':'https://a.b/m.png','mode':'fast','params':{'version':'v6.1'}}", OUT_PAINT "'version':'v6.1','speed':'fast','mask':{'areas':[{'width':1024,'height':1024,'points':[100,100,400,100,400,400,100,400]}],'url':'https://a.b/m.png'}," OUT_ALL, 0, NULL},
    {PAINT "'mask':'https://a.b/m.png','canvas':{'width':1024,'height':1024}}", OUT_PAINT "'mask':{'url':'https://a.b/m.png'}," OUT_ALL, 0, NULL},
    {PAINT "'mask':'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAABAAAAAQACAIAAADwf7zU'}", OUT_PAINT "'mask':{'url':'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAABAAAAAQACAIAAADwf7zU'}," OUT_ALL, 0, NULL},
    {PAINT "'mask':{'magic':'jpeg'},'canvas':{'width':1024,'height':1024}}", OUT_PAINT "'mask':{'url':'data:image/jpeg;base64,/9j/4GZpeHR1cmU='}," OUT_ALL, 0, NULL},
    {PAINT "'mask':{'magic':'png'}}", NULL, MJ_EINVALID, "canvas: width and height expected: the mask does not tell its size"},
    {PAINT "'mask':'https://a.b/m.png'}", NULL, MJ_EINVALID, "canvas: width and height expected"},
    {PAINT "'mask':'data:image/png;base64,iVBORw0KGgo='}", NULL, MJ_EINVALID, "canvas: width and height expected"},
    {PAINT "'mask':{'magic':'text'}}", NULL, MJ_EINVALID, "mask: the bytes are no PNG"},
    {PAINT "'mask':'ftp://x'}", NULL, MJ_EINVALID, "mask: http(s) address"},
    {PAINT "'provider':'auto'}", NULL, MJ_EINVALID, "mask: areas or a black and white picture expected"},
    {PAINT AREA ",'canvas':{'width':2000,'height':1500},'place':{'x':10,'y':20,'width':1024,'height':1024}}", OUT_PAINT OUT_AREA ",'canvas':{'width':2000,'height':1500},'imgPos':{'x':10,'y':20,'width':1024,'height':1024}}", 0, NULL},
    {PAINT AREA ",'place':{'x':1,'y':0,'width':1024,'height':1024}}", OUT_PAINT OUT_AREA ",'canvas':{'width':1024,'height':1024},'imgPos':{'x':1,'y':0,'width':1024,'height':1024}}", 0, "place: a part of it is off the canvas"},
    {PAINT AREA ",'place':{'x':0,'y':-1,'width':10,'height':10}}", OUT_PAINT OUT_AREA ",'canvas':{'width':1024,'height':1024},'imgPos':{'x':0,'y':-1,'width':10,'height':10}}", 0, "place: a part of it is off"},
    {PAINT AREA ",'place':{'x':-1,'y':0,'width':10,'height':10}}", OUT_PAINT OUT_AREA ",'canvas':{'width':1024,'height':1024},'imgPos':{'x':-1,'y':0,'width':10,'height':10}}", 0, "place: a part of it is off"},
    {PAINT AREA ",'place':{'x':0,'y':1015,'width':10,'height':10}}", OUT_PAINT OUT_AREA ",'canvas':{'width':1024,'height':1024},'imgPos':{'x':0,'y':1015,'width':10,'height':10}}", 0, "place: a part of it is off"},
    {PAINT AREA ",'place':{'x':0,'y':0,'width':0,'height':10}}", NULL, MJ_EINVALID, "place: width and height of 1..8192 expected, got 0 x 10"},
    {PAINT AREA ",'place':{'x':0,'y':0,'width':10,'height':0}}", NULL, MJ_EINVALID, "place:"},
    {PAINT AREA ",'place':{'x':0,'y':0,'width':8193,'height':10}}", NULL, MJ_EINVALID, "place:"},
    {PAINT AREA ",'place':{'x':0,'y':0,'width':10,'height':8193}}", NULL, MJ_EINVALID, "place:"},
    {PAINT AREA ",'canvas':{'width':0,'height':10}}", NULL, MJ_EINVALID, "canvas: width and height of 1..8192 expected, got 0 x 10"},
    {PAINT AREA ",'canvas':{'width':10,'height':0}}", NULL, MJ_EINVALID, "canvas:"},
    {PAINT AREA ",'canvas':{'width':8193,'height':10}}", NULL, MJ_EINVALID, "canvas:"},
    {PAINT AREA ",'canvas':{'width':10,'height':8193}}", NULL, MJ_EINVALID, "canvas:"},
    {PAINT AREA ",'canvas':{'width':8192,'height':4096}}", OUT_PAINT OUT_AREA ",'canvas':{'width':8192,'height':4096},'imgPos':{'x':0,'y':0,'width':1024,'height':1024}}", 0, "canvas: 8192 x 4096 may be refused: sides of 500..4096 are usual"},
    {PAINT AREA ",'canvas':{'width':4097,'height':4096}}", OUT_PAINT OUT_AREA ",'canvas':{'width':4097,'height':4096},'imgPos':{'x':0,'y':0,'width':1024,'height':1024}}", 0, "4097 x 4096 may be refused"},
    {PAINT AREA ",'canvas':{'width':4096,'height':4097}}", OUT_PAINT OUT_AREA ",'canvas':{'width':4096,'height':4097},'imgPos':{'x':0,'y':0,'width':1024,'height':1024}}", 0, "4096 x 4097 may be refused"},
    {PAINT "'mask':'https://a.b/m.png','canvas':{'width':500,'height':499}}", OUT_PAINT "'mask':{'url':'https://a.b/m.png'},'canvas':{'width':500,'height':499},'imgPos':{'x':0,'y':0,'width':500,'height':499}}", 0, "500 x 499 may be refused"},
    {PAINT "'mask':'https://a.b/m.png','canvas':{'width':500,'height':4096}}", OUT_PAINT "'mask':{'url':'https://a.b/m.png'},'canvas':{'width':500,'height':4096},'imgPos':{'x':0,'y':0,'width':500,'height':4096}}", 0, NULL},
    {PAINT "'areas':[{'width':600,'height':600,'points':[0,0,9,0,9,9]},{'width':700,'height':600,'points':[0,0,9,0,9,9]}]}", OUT_PAINT "'mask':{'areas':[{'width':600,'height':600,'points':[0,0,9,0,9,9]},{'width':700,'height':600,'points':[0,0,9,0,9,9]}]},'canvas':{'width':600,'height':600},'imgPos':{'x':0,'y':0,'width':600,'height':600}}", 0, "area 2: it is of another picture than area 1"},
    {SPOT("0,0,600,0,600,600"), OUT_SPOT("0,0,600,0,600,600"), 0, NULL},
    {SPOT("0,0,600,600,600,0"), OUT_SPOT("0,0,600,0,600,600"), 0, NULL},
    {SPOT("1,2,3,400,500,500,400,3"), OUT_SPOT("1,2,400,3,500,500,3,400"), 0, NULL},
    {SPOT("0,0,601,0,600,600"), NULL, MJ_EINVALID, "area 1: the point 601, 0 is not in 600 x 600"},
    {SPOT("0,0,600,0,600,601"), NULL, MJ_EINVALID, "area 1: the point 600, 601"},
    {SPOT("-1,0,600,0,600,600"), NULL, MJ_EINVALID, "area 1: the point -1, 0"},
    {SPOT("0,-1,600,0,600,600"), NULL, MJ_EINVALID, "area 1: the point 0, -1"},
    {SPOT("0,0,600,0"), NULL, MJ_EINVALID, "area 1: x and y of 3 points or more expected, got 4 numbers"},
    {SPOT("0,0,600,0,600,600,1"), NULL, MJ_EINVALID, "got 7 numbers"},
    {SPOT(""), NULL, MJ_EINVALID, "got 0 numbers"},
    {SPOT("0,0,300,300,600,600"), NULL, MJ_EINVALID, "area 1: the points enclose nothing"},
    {PAINT "'areas':[{'width':0,'height':600,'points':[0,0,0,0,0,0]}]}", NULL, MJ_EINVALID, "area 1: width and height of 1..8192 expected, got 0 x 600"},
    {PAINT "'areas':[{'width':499,'height':600,'points':[0,0,9,0,9,9]}]}", OUT_PAINT "'mask':{'areas':[{'width':499,'height':600,'points':[0,0,9,0,9,9]}]},'canvas':{'width':499,'height':600},'imgPos':{'x':0,'y':0,'width':499,'height':600}}", 0, "area 1: 499 x 600 may be refused"},
    {PAINT "'areas':[{'width':600,'height':600,'points':[0,0,9,0,9,9]},{'width':600,'height':700,'points':[9,9,9,0,0,0]}]}", OUT_PAINT "'mask':{'areas':[{'width':600,'height':600,'points':[0,0,9,0,9,9]},{'width':600,'height':700,'points':[9,9,0,0,9,0]}]},'canvas':{'width':600,'height':600},'imgPos':{'x':0,'y':0,'width':600,'height':600}}", 0, "area 2: it is of another picture than area 1"},
    {"{'op':'inpaint','prompt':'a hat'," AREA "}", NULL, MJ_EINVALID, "pictures: 1 to 1 expected, got 0"},
    {"{'op':'inpaint','prompt':'a hat','pictures':['" PIC "','" PIC "']," AREA "}", NULL, MJ_EINVALID, "pictures: 1 to 1 expected, got 2"},
    {"{'op':'inpaint','prompt':'a hat','pictures':[{'magic':'png'}]," AREA "}", NULL, MJ_EINVALID, "picture 1: this family takes addresses"},
    {"{'op':'inpaint','pictures':['" PIC "']," AREA "}", NULL, MJ_EINVALID, "prompt: it is empty"},
    {"{'op':'inpaint','prompt':'x','task':'t1'," AREA "}", NULL, MJ_EINVALID, "task: an inpaint takes the address of a picture"},
    {"{'op':'inpaint','prompt':'a hat --v 7 --no red --ar 3:2 --turbo --c 5','pictures':['" PIC "'],'params':{'stylize':'9'}," AREA "}", "{'mode':'upload-paint','prompt':'a hat --no red --ar 3:2 --c 5 --stylize 9','image_urls':['" PIC "'],'version':'v7','speed':'turbo'," OUT_AREA "," OUT_ALL, 0, NULL},
    {PAINT AREA ",'params':{'translate':'true'}}", NULL, MJ_EUNSUPPORTED, "translate: in this family imagine alone has it"},
    {PAINT AREA ",'params':{'translate':'false'}}", OUT_PAINT OUT_AREA "," OUT_ALL, 0, NULL},
    {PAINT AREA ",'extra':{'input':{'imgPos':1}}}", NULL, MJ_EINVALID, "extra: \"imgPos\""},
    /* clicks */
    {CLICK("generate::upscale::1"), "{'mode':'upscale','taskId':'t1','imageIndex':0,'type':0}", 0, NULL},
    {UP(",'type':'standard'"), "{'mode':'upscale','taskId':'t1','imageIndex':2,'type':0}", 0, NULL},
    {UP(",'type':'creative'"), "{'mode':'upscale','taskId':'t1','imageIndex':2,'type':1}", 0, NULL},
    {UP(",'type':'2x'"), "{'mode':'upscale','taskId':'t1','imageIndex':2,'type':2}", 0, NULL},
    {UP(",'type':'4x'"), "{'mode':'upscale','taskId':'t1','imageIndex':2,'type':3}", 0, NULL},
    {UP(",'type':'0'"), "{'mode':'upscale','taskId':'t1','imageIndex':2,'type':0}", 0, NULL},
    {UP(",'type':'1'"), "{'mode':'upscale','taskId':'t1','imageIndex':2,'type':1}", 0, NULL},
    {UP(",'type':'2'"), "{'mode':'upscale','taskId':'t1','imageIndex':2,'type':2}", 0, NULL},
    {UP(",'type':'3'"), "{'mode':'upscale','taskId':'t1','imageIndex':2,'type':3}", 0, NULL},
    {UP(",'type':'4'"), NULL, MJ_EINVALID, "type: standard, creative, 2x or 4x expected, got 4"},
    {UP(",'type':'1x'"), NULL, MJ_EINVALID, "got 1x"},
    {UP(",'type':'subtle'"), NULL, MJ_EINVALID, "got subtle"},
    {UP(",'strength':'strong'"), NULL, MJ_EINVALID, "strength: of a variation, not of an upscale"},
    {UP(",'prompt':'x'"), NULL, MJ_EINVALID, "prompt: an upscale takes none"},
    {UP(",'params':{'chaos':'5'}"), NULL, MJ_EINVALID, "prompt: an upscale takes none"},
    {UP(",'mode':'turbo'"), "{'mode':'upscale','taskId':'t1','imageIndex':2,'type':0,'speed':'turbo'}", 0, NULL},
    {UP(",'mode':'relax'"), NULL, MJ_EUNSUPPORTED, "relax"},
    {CLICK("generate::upscale::4"), "{'mode':'upscale','taskId':'t1','imageIndex':3,'type':0}", 0, NULL},
    {VARY(""), "{'mode':'vary','taskId':'t1','imageIndex':0,'type':0}", 0, NULL},
    {VARY(",'strength':'subtle'"), "{'mode':'vary','taskId':'t1','imageIndex':0,'type':0}", 0, NULL},
    {VARY(",'strength':'strong','prompt':'at night'"), "{'mode':'vary','taskId':'t1','imageIndex':0,'type':1,'prompt':'at night'}", 0, NULL},
    {VARY(",'strength':'1'"), "{'mode':'vary','taskId':'t1','imageIndex':0,'type':1}", 0, NULL},
    {VARY(",'strength':'2'"), NULL, MJ_EINVALID, "strength: subtle or strong expected, got 2"},
    {VARY(",'type':'2x'"), NULL, MJ_EINVALID, "type: of an upscale, not of a variation"},
    {VARY(",'params':{'chaos':'5'}"), NULL, MJ_EINVALID, "parameters need a prompt beside them"},
    {VARY(",'prompt':'at night --v 7 --turbo','params':{'chaos':'5'}"), "{'mode':'vary','taskId':'t1','imageIndex':0,'type':0,'prompt':'at night --v 7 --chaos 5','speed':'turbo'}", 0, NULL},
    {VARY(",'prompt':'at night','params':{'translate':'true'}"), NULL, MJ_EUNSUPPORTED, "translate"},
    {VARY(",'mode':'fast'"), "{'mode':'vary','taskId':'t1','imageIndex':0,'type':0,'speed':'fast'}", 0, NULL},
    {VARY(",'extra':{'input':{'type':1}}"), NULL, MJ_EINVALID, "extra: \"type\""},
    {CLICK("generate::reroll"), NULL, MJ_EUNSUPPORTED, "reroll: only for tasks that this client submitted itself: the gateway has no route that repeats one"},
    {CLICK("MJ::JOB::upsample::1::x"), NULL, MJ_EUNSUPPORTED, "button: MJ::JOB::upsample::1::x is of the mj family"},
    {CLICK("change::UPSCALE::1"), NULL, MJ_EUNSUPPORTED, "is of the mj family"},
    {CLICK("generate::upscale::0"), NULL, MJ_EINVALID, "button: none of the generate family: generate::upscale::0"},
    {CLICK("generate::upscale::5"), NULL, MJ_EINVALID, "button: none of"},
    {CLICK("generate::vary::11"), NULL, MJ_EINVALID, "button: none of"},
    {CLICK("U1"), NULL, MJ_EINVALID, "button: none of"},
    {"{'op':'click','task':'a b','button':'generate::vary::1'}", NULL, MJ_EINVALID, "task: not a task id: a b"},
    {"{'op':'click','button':'generate::vary::1'}", NULL, MJ_EINVALID, "task: not a task id: (none)"},
    {UP(",'mask':'" PIC "'"), NULL, MJ_EUNSUPPORTED, "mask: gateways of the generate family take none; those of the mj family do"},
    {UP(",'zoom':true"), NULL, MJ_EUNSUPPORTED, "zoom: gateways of the generate family take none"},
    {UP(",'remix':true"), NULL, MJ_EUNSUPPORTED, "remix: gateways of the generate family take none"},
    /* an input as it stands */
    {"{'op':'generate','input':{'mode':'reroll','taskId':'t1','n':1e3}}", "{'mode':'reroll','taskId':'t1','n':1e3}", 0, NULL},
    {"{'op':'generate','input':{'mode':'x'},'gateway':{'mode':'fast'}}", "{'mode':'x'}", 0, NULL},
    {"{'op':'generate','input':{'mode':'x'},'extra':{'input':{'a':1},'b':2}}", "{{'request_type':'async','input':{'mode':'x','a':1},'b':2}", 0, NULL},
    {"{'op':'generate','input':{'mode':'x','a':1},'extra':{'input':{'a':1}}}", NULL, MJ_EINVALID, "extra: \"a\" is set by the verb itself"},
    {"{'op':'generate','input':{'mode':'x'},'mode':'fast'}", NULL, MJ_EINVALID, "mode: give the speed as a member of input"},
    {"{'op':'generate'}", NULL, MJ_EINVALID, "input: an object expected"},
    {"{'op':'generate','input':[1]}", NULL, MJ_EINVALID, "input: an object expected"},
    {"{'op':'generate','input':'{'}", NULL, MJ_EINVALID, "input: "},
    {"{'op':'generate','input':{}}", NULL, MJ_EINVALID, "input: a member \"mode\" expected, a string"},
    {"{'op':'generate','input':{'mode':7}}", NULL, MJ_EINVALID, "input: a member \"mode\" expected"},
    {"{'op':'generate','input':{'mode':''}}", NULL, MJ_EINVALID, "input: a member \"mode\" expected"},
    /* what the other family has */
    {"{'op':'blend'}", NULL, MJ_EUNSUPPORTED, "blend: gateways of the generate family cannot do that; those of the mj family can"},
    {"{'op':'describe'}", NULL, MJ_EUNSUPPORTED, "describe: gateways of the generate family"},
    {"{'op':'shorten'}", NULL, MJ_EUNSUPPORTED, "shorten: gateways of the generate family"},
    {"{'op':'modal'}", NULL, MJ_EUNSUPPORTED, "modal: gateways of the generate family"},
    {"{'op':'video'}", NULL, MJ_EUNSUPPORTED, "video: gateways of the generate family"},
    {"{'op':'edit'}", NULL, MJ_EUNSUPPORTED, "edit: gateways of the generate family"},
    {"{'op':'retexture'}", NULL, MJ_EUNSUPPORTED, "retexture: gateways of the generate family"},
    {"{'op':'upload'}", NULL, MJ_EUNSUPPORTED, "upload: gateways of the generate family"},
    {"{'op':'swap_face'}", NULL, MJ_EUNSUPPORTED, "swap_face: gateways of the generate family"},
    {ASK("'bot':'niji'"), NULL, MJ_EUNSUPPORTED, "bot: of the mj family; here say version = \"niji 7\""},
    {ASK("'account_filter':{}"), NULL, MJ_EUNSUPPORTED, "account_filter: gateways of the generate family take none"},
    /* questions */
    {"{'op':'list'}", NULL, MJ_EUNSUPPORTED, "task/list: gateways of the generate family tell of one task only; those of the mj family have that"},
    {"{'op':'ids','ids':['1']}", NULL, MJ_EUNSUPPORTED, "task/list-by-condition: gateways of the generate family"},
    {"{'op':'queue'}", NULL, MJ_EUNSUPPORTED, "task/queue: "},
    {"{'op':'seed','task':'1'}", NULL, MJ_EUNSUPPORTED, "task/{id}/image-seed: "},
    {"{'op':'cancel','task':'1'}", NULL, MJ_EUNSUPPORTED, "task/{id}/cancel: "},
    {"{'op':'fetch'}", NULL, MJ_EINVALID, "statusTask: one task id expected"},
    {"{'op':'fetch','task':'1','ids':['2']}", NULL, MJ_EINVALID, "statusTask: one task id expected"},
    {"{'op':'fetch','task':'../x'}", NULL, MJ_EINVALID, "not a task id: ../x"},
};

/* What the mj family refuses, and who has it. */
static const struct sent of_mj[] = {
    {"{'op':'inpaint','prompt':'x'}", NULL, MJ_EUNSUPPORTED, "inpaint: gateways of the mj family cannot do that; those of the generate family can"},
    {"{'op':'generate','input':{}}", NULL, MJ_EUNSUPPORTED, "generate: gateways of the mj family cannot do that"},
    {ASK("'type':'2x'"), NULL, MJ_EUNSUPPORTED, "type: of the generate family; here click \"U1\" (or 2, 3, 4), and then \"upscale:creative\""},
    {ASK("'strength':'strong'"), NULL, MJ_EUNSUPPORTED, "strength: of the generate family; here click"},
    {ASK("'provider':'auto'"), NULL, MJ_EUNSUPPORTED, "provider: gateways of the mj family take none"},
    {ASK(AREA), NULL, MJ_EUNSUPPORTED, "areas: gateways of the mj family take none"},
    {CLICK("generate::upscale::1"), NULL, MJ_EUNSUPPORTED, "button: generate::upscale::1 is of the generate family"},
};
/* clang-format on */

static void quoted(char *out, size_t size, const char *s) {
  size_t i;
  assert_in_range(strlen(s), 0, size - 1);
  for (i = 0; s[i]; i++)
    out[i] = s[i] == '\'' ? '"' : s[i];
  out[i] = '\0';
}

static int encode(struct out *o, const struct mj__wire *wire,
                  const char *call) {
  char text[2000];
  mj_json *doc = NULL;
  int rc;
  quoted(text, sizeof text, call);
  if (mj_json_parse(&doc, text, strlen(text), NULL, NULL, NULL) != MJ_OK)
    fail_msg("%s", text);
  rc = wire_case_encode(wire, mj_json_root(doc), &o->call, &o->err);
  mj_json_free(doc);
  return rc;
}

static void check_body(const struct sent *w, const char *got) {
  char body[2000], whole[2100];
  quoted(body, sizeof body, w->input);
  if (strncmp(body, "{{", 2) == 0)
    (void)snprintf(whole, sizeof whole, "%s", body + 1);
  else
    (void)snprintf(whole, sizeof whole,
                   "{\"request_type\":\"async\",\"input\":%s}", body);
  assert_string_equal(got, whole);
}

static void one_request(void **state) {
  const struct sent *w = *state;
  int in_mj = w >= of_mj && w < of_mj + COUNT(of_mj);
  struct out o;
  int rc;
  out_up(&o);
  rc = encode(&o, in_mj ? &mj__wire_mj : &mj__wire_generate, w->call);
  if (w->input) {
    if (rc != MJ_OK)
      fail_msg("%s", o.err.text);
    assert_string_equal(o.call.method, "POST");
    assert_int_equal(o.call.paid, 1);
    assert_int_equal(o.call.route, MJ__R_GENERATE);
    check_body(w, o.call.body.p);
    if (!w->text)
      assert_string_equal(o.warnings.n ? o.warnings.p : "", "");
    else if (!o.warnings.p || !strstr(o.warnings.p, w->text))
      fail_msg("warned: %s", o.warnings.n ? o.warnings.p : "nothing");
  } else {
    assert_int_equal(rc, w->code);
    assert_int_equal(o.err.code, w->code);
    if (!strstr(o.err.text, w->text))
      fail_msg("said: %s", o.err.text);
  }
  out_down(&o);
}

static void addresses(void **state) {
  static const struct {
    const char *call, *url;
  } all[] = {
      {"{'op':'imagine','prompt':'x'}",
       "https://gateway.example/api/v1/generateTask/midjourney"},
      {"{'op':'imagine','prompt':'x','gateway':{'base':'http://a:1/b',"
       "'prefix':'p','mode':'fast'}}",
       "http://a:1/b/p/api/v1/generateTask/midjourney"},
      {"{'op':'fetch','task':'task_a-1','gateway':{'prefix':'/p'}}",
       "https://gateway.example/p/api/v1/statusTask/midjourney?taskId=task_a-"
       "1"},
      {"{'op':'fetch','task':'1','mode':'fast'}",
       "https://gateway.example/api/v1/statusTask/midjourney?taskId=1"}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    struct out o;
    out_up(&o);
    assert_int_equal(encode(&o, &mj__wire_generate, all[i].call), MJ_OK);
    assert_string_equal(o.call.url.p, all[i].url);
    out_down(&o);
  }
}

/* The documented ones need no warning. */
static void aspects(void **state) {
  static const char *const all[] = {"1:1", "1:2", "2:1", "2:3",  "3:2", "3:4",
                                    "4:3", "5:6", "6:5", "9:16", "16:9"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    char call[200];
    struct out o;
    out_up(&o);
    (void)snprintf(call, sizeof call,
                   "{'op':'imagine','prompt':'x','params':{'aspect':'%s'}}",
                   all[i]);
    assert_int_equal(encode(&o, &mj__wire_generate, call), MJ_OK);
    assert_int_equal(o.warnings.n, 0);
    assert_non_null(strstr(o.call.body.p, all[i]));
    out_down(&o);
  }
}

static void family(void **state) {
  const struct mj__wire *w = &mj__wire_generate;
  int op;
  (void)state;
  assert_string_equal(w->name, "generate");
  assert_int_equal(w->asks, 1u << MJ__R_FETCH);
  assert_int_equal(w->poll.first_ms, 20000);
  assert_int_equal(w->poll.gaps_ms[0], 3000);
  assert_int_equal(w->poll.ngaps, 1);
  assert_true(w->requests_per_min > 9999.5 && w->requests_per_min < 10000.5);
  assert_int_equal(w->live, 1000);
  assert_int_equal(w->remembers, 1);
  for (op = 0; op < 20; op++) {
    int here = op == MJ_OP_IMAGINE || op == MJ_OP_CLICK ||
               op == MJ_OP_INPAINT || op == MJ_OP_GENERATE;
    assert_int_equal(w->route((mj_op)op), here ? MJ__R_GENERATE : MJ__R_NONE);
    here = op >= MJ_OP_IMAGINE && op <= MJ_OP_SWAP_FACE;
    assert_int_equal(mj__wire_mj.route((mj_op)op) != MJ__R_NONE, here);
  }
  assert_int_equal(mj__wire_mj.asks, 1u << MJ__R_FETCH | 1u << MJ__R_LIST |
                                         1u << MJ__R_IDS | 1u << MJ__R_QUEUE |
                                         1u << MJ__R_SEED | 1u << MJ__R_CANCEL);
  assert_int_equal(mj__wire_mj.poll.first_ms, 2000);
  assert_int_equal(mj__wire_mj.poll.ngaps, 2);
  assert_int_equal(mj__wire_mj.remembers, 0);
}

/* Every request above with each allocation failing in turn. */
static void encode_out_of_memory(void **state) {
  size_t i, n, points = 0;
  (void)state;
  for (i = 0; i < COUNT(sent); i++)
    for (n = 1; sent[i].input; n++) {
      struct out o;
      size_t calls;
      int rc;
      out_up(&o);
      o.meter.fail_at = n;
      o.meter.for_ever = n % 2 == 0;
      rc = encode(&o, &mj__wire_generate, sent[i].call);
      calls = o.meter.calls;
      if (calls >= n)
        assert_int_equal(rc == MJ_OK ? MJ_OK : o.err.code,
                         rc == MJ_OK ? MJ_OK : MJ_ERESOURCE);
      else
        assert_int_equal(rc, MJ_OK);
      out_down(&o);
      if (calls < n)
        break;
      assert_in_range(n, 1, 200);
      points++;
    }
  (void)printf("generate: %zu points of failure\n", points);
  assert_in_range(points, 300, 100000);
}

#define CASE(f) tests[n++] = named_case(#f, f, NULL)

int main(void) {
  static struct CMUnitTest tests[COUNT(sent) + COUNT(of_mj) + 30];
  size_t i, n = 0;
  for (i = 0; i < COUNT(sent); i++)
    tests[n++] = named_case(sent[i].call, one_request, &sent[i]);
  for (i = 0; i < COUNT(of_mj); i++)
    tests[n++] = named_case(of_mj[i].call, one_request, &of_mj[i]);
  CASE(addresses);
  CASE(family);
  CASE(aspects);
  CASE(encode_out_of_memory);
  return run_cases("generate", tests, n);
}
